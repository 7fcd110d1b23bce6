"""ICE through the TURN server with aioice, a second TURN client beside Chromium's."""

import asyncio
import re

import aioice

from .plain_client import PlainClient

OFFER = """v=0\r
o=- 1 1 IN IP4 0.0.0.0\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
a=fingerprint:sha-256 {fingerprint}\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
c=IN IP4 0.0.0.0\r
a=mid:0\r
a=sendrecv\r
a=rtcp-mux\r
a=setup:actpass\r
a=ice-ufrag:{ufrag}\r
a=ice-pwd:{password}\r
a=rtpmap:111 opus/48000/2\r
"""


class RelayedPeer:
    """Joins a group by hand and brings ICE up over one URL of the TURN server, with no other path."""

    def __init__(self, client: PlainClient, group_id: str, url: str) -> None:
        self._client = client
        servers = client.request("media.servers")["iceServers"]
        scheme, host, port, transport = re.fullmatch(r"(turns?):(.+):(\d+)\?transport=(\w+)", url).groups()
        self.connection = aioice.Connection(
            ice_controlling=True,
            turn_server=(host, int(port)),
            turn_username=servers[0]["username"],
            turn_password=servers[0]["credential"],
            turn_ssl=scheme == "turns",
            turn_transport=transport,
            use_ipv6=False,
            transport_policy=aioice.TransportPolicy.RELAY,
        )
        self._group_id = group_id

    def connect(self) -> tuple[str, int]:
        """Runs ICE to its end; the relayed address."""
        return self._client._run(asyncio.wait_for(self._connect(), 30))

    async def _connect(self) -> tuple[str, int]:
        connection = self.connection
        await connection.gather_candidates()
        relayed = [one for one in connection.local_candidates if one.type == "relay"]
        assert len(relayed) == 1, connection.local_candidates
        offer = OFFER.format(
            fingerprint=":".join(["AB"] * 32), ufrag=connection.local_username, password=connection.local_password
        )
        reply = await self._client._request("call.join", groupId=self._group_id, muted=True, media={"sdp": offer})
        assert reply["type"] == "reply", reply
        answer = reply["media"]["sdp"]
        connection.remote_is_lite = True
        connection.remote_username = re.search(r"a=ice-ufrag:(\S+)", answer)[1]
        connection.remote_password = re.search(r"a=ice-pwd:(\S+)", answer)[1]
        for value in re.findall(r"a=candidate:(.+?)\r\n", answer):
            candidate = aioice.Candidate.from_sdp(value)
            if candidate.transport == "udp":
                await connection.add_remote_candidate(candidate)
        await connection.add_remote_candidate(None)
        await connection.connect()
        return relayed[0].host, relayed[0].port

    def close(self) -> None:
        self._client._run(self.connection.close())
