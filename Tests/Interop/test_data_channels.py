"""Data between the people in a call: through the web library in two browsers, and by a client that knows only the
protocol.

Nobody gets what was sent before they had a channel. So everybody first *meets*: says hello until all have heard it.
That somebody does not get a message is seen without waiting, by one that was sent after it in the same order and came.
"""

import itertools
import time
import uuid
from collections.abc import Callable

from rig.cable import Cable
from rig.person import Person
from rig.plain_client import DataMessage, PlainClient
from rig.polling import eventually

CHAT, POINTER, ASIDE = 1000, 1001, 1002
RELIABILITIES = {CHAT: "Durable", POINTER: "Lossy", ASIDE: "Durable"}

BLOCKS, BLOCK_BYTES = 100, 30_000
# A sender may send 500 kbit/s, so the blocks take 48 seconds; twice that for a loaded machine.
BLOCKS_SECONDS = 2 * BLOCKS * BLOCK_BYTES * 8 / 500_000


def texts(person: Person, channel: int) -> list[str]:
    """What came on a channel, without the hellos."""
    return [
        entry["text"]
        for entry in person.do("data")
        if entry["channelId"] == channel and not entry.get("text", "hello").startswith("hello")
    ]


def gets(person: Person, channel: int, *expected: str) -> None:
    """Waits until just these messages have come on a channel, in this order."""
    wanted = list(expected)
    eventually(lambda: texts(person, channel)[-len(wanted) :] == wanted, f"{person} gets {wanted} on {channel}")
    assert texts(person, channel) == wanted


def gets_in_the_end(person: Person, channel: int, text: str, send: Callable[[], object]) -> None:
    """Sends again and again until a lossy message has come."""

    def came() -> bool:
        send()
        return text in texts(person, channel)

    eventually(came, f"{person} gets {text} on {channel}")


def open_data(person: Person) -> None:
    for channel, reliability in RELIABILITIES.items():
        person.do("openData", channelId=channel, reliability=reliability)


def meet(*people: Person) -> None:
    """Everybody opens the channels and says hello on both kinds until all others have heard it."""
    for person in people:
        open_data(person)
    wait_until_heard(*people)


def wait_until_heard(*people: Person) -> None:
    numbers = itertools.count()
    mark = uuid.uuid4().hex[:8]

    def all_have_heard_all() -> bool:
        for person in people:
            for channel in (CHAT, POINTER):
                person.do("sendDataLater", channelId=channel, text=f"hello {mark} {next(numbers)}")
        return all(
            {(other.id, channel) for other in people if other is not person for channel in (CHAT, POINTER)}
            <= {
                (entry["from"], entry["channelId"])
                for entry in person.do("data")
                if entry.get("text", "").startswith(f"hello {mark}")
            }
            for person in people
        )

    eventually(all_have_heard_all, "everybody has heard the hello of everybody")


def together(new_person, group_id: str, *names: str) -> list[Person]:
    people = [new_person(name) for name in names]
    for person in people:
        person.do("join", groupId=group_id, camera=False, muted=True)
    for person in people:
        person.waits_for_people(*(other.id for other in people if other is not person))
    return people


def exchange(ada: Person, grace: Person) -> None:
    """Durable and lossy messages both ways, with the sender's name and growing numbers."""
    for person, other in ((ada, grace), (grace, ada)):
        for text in ("one", "two", "three"):
            person.do("sendData", channelId=CHAT, text=text)
        gets(other, CHAT, "one", "two", "three")
        gets_in_the_end(other, POINTER, "12,34", lambda: person.do("sendData", channelId=POINTER, text="12,34"))
        came = [entry for entry in other.do("data") if entry["channelId"] == CHAT]
        assert {entry["from"] for entry in came} == {person.id}
        assert {entry["reliability"] for entry in came} == {"Durable"}
        numbers = [entry["number"] for entry in came]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "durable numbers have no gap"


def test_durable_and_lossy_messages_in_chromium(new_person, group_id) -> None:
    ada, grace = together(new_person, group_id, "Ada", "Grace")
    meet(ada, grace)
    exchange(ada, grace)


def test_durable_messages_sent_while_channels_open_come(new_person, group_id) -> None:
    people = together(new_person, group_id, "Ada", "Grace", "Edsger")
    for person in people:
        open_data(person)
    ada = people[0]
    for text in ("one", "two", "three"):
        ada.do("sendData", channelId=CHAT, text=text)
    for person in people[1:]:
        gets(person, CHAT, "one", "two", "three")


def test_a_newcomer_gets_the_greeting(new_person, plain_client: PlainClient, group_id) -> None:
    """Sent as soon as the newcomer is named, before it has a listener."""
    [ada] = together(new_person, group_id, "Ada")
    open_data(ada)
    ada.do("sendData", channelId=CHAT, text="to nobody")

    grace = new_person("Grace")
    grace.do("join", groupId=group_id, camera=False, muted=True)
    ada.waits_for_people(grace.id)
    ada.do("sendData", channelId=CHAT, text="welcome")
    time.sleep(3)
    open_data(grace)
    gets(grace, CHAT, "welcome")

    plain_client.join(group_id, labels=("durable",))
    ada.waits_for_people(grace.id, plain_client.account.user_id)
    ada.do("sendData", channelId=CHAT, text="welcome, plain client")
    eventually(
        lambda: [it.payload for it in plain_client.data] == [b"welcome, plain client"],
        "the plain client gets the greeting, once and nothing from before",
    )


def test_data_in_a_call_between_two(new_person) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("accept")
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    meet(ada, grace)
    exchange(ada, grace)
    # The offer for data took nothing from the pictures.
    ada.sees(grace.id)
    grace.sees(ada.id)


def test_firefox_and_chromium_exchange_messages(new_person, firefox_person, group_id) -> None:
    ada, barbara = new_person("Ada"), firefox_person
    for person in (ada, barbara):
        person.do("join", groupId=group_id)
    ada.waits_for_people(barbara.id)
    barbara.waits_for_people(ada.id)
    meet(ada, barbara)
    exchange(ada, barbara)
    ada.sees(barbara.id)


def test_only_who_is_named_gets_a_message(new_person, group_id) -> None:
    ada, grace, edsger = together(new_person, group_id, "Ada", "Grace", "Edsger")
    meet(ada, grace, edsger)

    ada.do("nameRecipients", channelId=ASIDE, users=[grace.id])
    ada.do("sendData", channelId=ASIDE, text="between us")
    gets(grace, ASIDE, "between us")
    # Other channels of Ada's go on to everybody. Both are durable, so what came after shows what did not come before.
    ada.do("sendData", channelId=CHAT, text="to all")
    gets(grace, CHAT, "to all")
    gets(edsger, CHAT, "to all")
    assert texts(edsger, ASIDE) == []

    ada.do("nameRecipients", channelId=ASIDE, users=[edsger.id])
    ada.do("sendData", channelId=ASIDE, text="to Edsger")
    gets(edsger, ASIDE, "to Edsger")
    ada.do("nameRecipients", channelId=ASIDE, users=[])
    ada.do("sendData", channelId=ASIDE, text="to all again")
    gets(edsger, ASIDE, "to Edsger", "to all again")
    gets(grace, ASIDE, "between us", "to all again")


def test_who_is_named_and_comes_back_gets_messages_again(new_person, group_id) -> None:
    ada, grace, edsger = together(new_person, group_id, "Ada", "Grace", "Edsger")
    meet(ada, grace, edsger)
    ada.do("nameRecipients", channelId=ASIDE, users=[grace.id])
    ada.do("sendData", channelId=ASIDE, text="before")
    gets(grace, ASIDE, "before")

    grace.do("hangUp")
    ada.waits_for_people(edsger.id)
    ada.do("sendData", channelId=ASIDE, text="into the void")
    grace.do("join", groupId=group_id, camera=False, muted=True)
    ada.waits_for_people(grace.id, edsger.id)
    grace.waits_for_people(ada.id, edsger.id)
    open_data(grace)
    wait_until_heard(ada, grace, edsger)
    ada.do("sendData", channelId=ASIDE, text="after")
    gets(grace, ASIDE, "before", "after")
    ada.do("sendData", channelId=CHAT, text="to all")
    gets(edsger, CHAT, "to all")
    assert texts(edsger, ASIDE) == []


def test_many_large_messages_arrive_whole_and_in_order(new_person, group_id, record_property) -> None:
    ada, grace = together(new_person, group_id, "Ada", "Grace")
    meet(ada, grace)
    began = time.monotonic()
    ada.do("sendBlocks", channelId=CHAT, count=BLOCKS, size=BLOCK_BYTES)

    def blocks() -> list[dict]:
        return [entry for entry in grace.do("data") if "block" in entry]

    eventually(lambda: len(blocks()) >= BLOCKS, f"Grace has {BLOCKS} blocks", within=BLOCKS_SECONDS)
    record_property("data_blocks_seconds", round(time.monotonic() - began, 1))
    assert [entry["block"] for entry in blocks()] == list(range(BLOCKS)), "a block is missing, changed or out of order"
    assert {entry["size"] for entry in blocks()} == {BLOCK_BYTES}


def test_nobody_on_hold_gets_data(new_person, group_id) -> None:
    ada, grace, edsger = together(new_person, group_id, "Ada", "Grace", "Edsger")
    meet(ada, grace, edsger)
    grace.do("hold")
    ada.do("sendData", channelId=CHAT, text="while Grace is away")
    gets(edsger, CHAT, "while Grace is away")
    # What Grace sends on hold waits until she is back.
    grace.do("sendDataLater", channelId=CHAT, text="from Grace")
    grace.do("resume")
    gets(edsger, CHAT, "while Grace is away", "from Grace")
    ada.do("sendData", channelId=CHAT, text="when she is back")
    gets(grace, CHAT, "when she is back")


def test_data_goes_on_while_signalling_is_lost(new_person, group_id) -> None:
    ada, grace = together(new_person, group_id, "Ada", "Grace")
    meet(ada, grace)
    ada.do("cutSockets")
    ada.do("sendData", channelId=CHAT, text="without signalling")
    gets(grace, CHAT, "without signalling")
    eventually(lambda: ada.snapshot()["connectionState"] == "Connected", "Ada's agent is connected again")
    ada.do("nameRecipients", channelId=ASIDE, users=[grace.id])
    ada.do("sendData", channelId=ASIDE, text="and with it")
    gets(grace, ASIDE, "and with it")


def test_durable_messages_survive_an_outage(new_person, cable: Cable, group_id) -> None:
    ada, grace = new_person("Ada", cable=cable), new_person("Grace")
    for person in (ada, grace):
        person.do("join", groupId=group_id)
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    meet(ada, grace)
    cable.pull()
    eventually(lambda: grace.roster().get(ada.id) == "Reconnecting", "Grace is told that Ada is reconnecting")
    for text in ("one", "two"):
        ada.do("sendDataLater", channelId=CHAT, text=text)
    cable.plug()
    grace.waits_for_people(ada.id)
    gets(grace, CHAT, "one", "two")
    grace.do("sendData", channelId=CHAT, text="heard you")
    gets(ada, CHAT, "heard you")


def test_plain_client_speaks_the_frames_of_the_protocol(new_person, plain_client: PlainClient, group_id) -> None:
    ada, grace = together(new_person, group_id, "Ada", "Grace")
    meet(ada, grace)
    snapshot = plain_client.join(group_id, labels=("durable", "lossy", "diary"))
    ids = {entry["userId"]: entry["participantId"] for entry in snapshot["participants"]}
    plain = plain_client.account.user_id
    for person, other in ((ada, grace), (grace, ada)):
        person.waits_for_people(other.id, plain)
    for label in ("durable", "lossy"):
        eventually(lambda: plain_client.data_state(label) == "open", f"the plain client's channel {label} is open")
    eventually(lambda: plain_client.data_state("diary") == "closed", "a channel of another label is closed")

    # To the plain client, with the sender and the number in the header.
    def came(label: str, channel: int) -> DataMessage | None:
        ada.do("sendData", channelId=channel, text=f"to plain, {label}")
        found = (it for it in plain_client.data if it.payload == f"to plain, {label}".encode())
        return next(found, None)

    for channel, label in ((CHAT, "durable"), (POINTER, "lossy")):
        message = eventually(lambda: came(label, channel), f"the plain client gets Ada's {label} message")
        assert (message.label, message.sender, message.channel) == (label, ids[ada.id], channel)
    message = next(it for it in plain_client.data if it.label == "durable" and it.payload == b"to plain, durable")
    eventually(
        lambda: any(it["channelId"] == CHAT and it["number"] == message.number for it in grace.do("data")),
        "Grace gets Ada's message with the number that the plain client got",
    )

    # From the plain client, the highest numbers and the largest payload among them.
    plain_client.send_data("durable", 65_535, 0xFFFF_FFFF, b"from plain")
    for person in (ada, grace):
        gets(person, 65_535, "from plain")
        gets_in_the_end(person, 1, "fast", lambda: plain_client.send_data("lossy", 1, 7, b"fast"))
        [entry] = [it for it in person.do("data") if it["channelId"] == 65_535]
        assert (entry["from"], entry["number"], entry["reliability"]) == (plain, 0xFFFF_FFFF, "Durable")
    plain_client.send_data("durable", 5, 1, bytes(32_768))
    eventually(lambda: any(it["size"] == 32_768 for it in ada.do("data")), "a message of the largest size arrives")

    # Recipients by hand: what came after to all shows what did not come before.
    call = {"callId": plain_client.call_id, "channelId": 6}
    named = plain_client.request("data.recipients", participantIds=[ids[grace.id]], **call)
    assert named["type"] == "reply", named
    plain_client.send_data("durable", 6, 1, b"to Grace")
    plain_client.send_data("durable", 7, 1, b"to all")
    for person in (ada, grace):
        gets(person, 7, "to all")
    gets(grace, 6, "to Grace")
    assert texts(ada, 6) == []
    everybody = plain_client.request("data.recipients", participantIds=None, **call)
    assert everybody["type"] == "reply", everybody
    plain_client.send_data("durable", 6, 2, b"to both")
    gets(ada, 6, "to both")
    gets(grace, 6, "to Grace", "to both")


def test_frames_that_are_none_reach_nobody_and_do_no_harm(new_person, plain_client: PlainClient, group_id) -> None:
    [ada] = together(new_person, group_id, "Ada")
    open_data(ada)
    plain_client.join(group_id, labels=("durable", "lossy"))
    ada.waits_for_people(plain_client.account.user_id)
    eventually(lambda: plain_client.data_state("durable") == "open", "the plain client's channel is open")

    # Ada's channel opens by itself: until it has, she hears nothing.
    def heard_hello() -> bool:
        plain_client.send_data("durable", CHAT, 1, b"hello")
        return any(it.get("text") == "hello" for it in ada.do("data"))

    eventually(heard_hello, "Ada hears the plain client")
    wrong = {
        "an empty frame": b"",
        "half a header": bytes([1, 0, 0]),
        "another version": bytes([2, 0, 0, 9, 0, 0, 0, 1]) + b"version",
        "channel 0": bytes([1, 0, 0, 0, 0, 0, 0, 1]) + b"zero",
        "a payload that is too large": bytes([1, 0, 0, 9, 0, 0, 0, 1]) + bytes(32_769),
        "text": "hello",
    }
    for frame in wrong.values():
        plain_client.send_frame("durable", frame)
    plain_client.send_data("durable", 9, 2, b"well formed")
    gets(ada, 9, "well formed")
    assert {it["channelId"] for it in ada.do("data")} == {CHAT, 9}


def test_recipients_are_checked(plain_client: PlainClient, group_id) -> None:
    plain_client.join(group_id, labels=("durable",))

    def refusal(**members: object) -> dict:
        answer = plain_client.request("data.recipients", **{"callId": plain_client.call_id, **members})
        assert answer["type"] == "error", answer
        return answer["error"]

    assert refusal(channelId=0, participantIds=None)["reason"] == "malformedMessage"
    assert refusal(channelId=65_536, participantIds=None)["reason"] == "malformedMessage"
    assert refusal(participantIds=None)["reason"] == "malformedMessage"
    too_many = [str(uuid.uuid4()) for _ in range(65)]
    assert refusal(channelId=1, participantIds=too_many)["reason"] == "malformedMessage"
    unknown_call = str(uuid.uuid4())
    assert refusal(callId=unknown_call, channelId=1, participantIds=None)["reason"] == "callNotFound"
