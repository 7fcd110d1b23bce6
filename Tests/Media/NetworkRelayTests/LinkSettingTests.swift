import NetworkEmulation
import NetworkRelay
import Testing

@Suite("Link conditions as text")
struct LinkSettingTests {
    static let readable: [(String, LinkSetting)] = [
        ("rate=64000", .rate(64_000)),
        ("rate=800k", .rate(800_000)),
        ("rate=1.5M", .rate(1_500_000)),
        ("rate=100G", .rate(100_000_000_000)),
        ("rate=0", .rate(0)),
        ("rate=none", .rate(nil)),
        ("delay=500us", .delay(.microseconds(500))),
        ("delay=50ms", .delay(.milliseconds(50))),
        ("jitter=2s", .jitter(.seconds(2))),
        ("loss=2%", .loss(.random(0.02))),
        ("loss=0.25", .loss(.random(0.25))),
        ("loss=1", .loss(.random(1))),
        ("loss=0%", .loss(.none)),
        ("burst-loss=1%,0.25", .loss(.bursts(.init(goodToBad: 0.01, badToGood: 0.25)))),
        ("reorder=1%", .reordering(.init(probability: 0.01, delay: .milliseconds(20)))),
        ("reorder=50%,5ms", .reordering(.init(probability: 0.5, delay: .milliseconds(5)))),
        ("reorder=0", .reordering(nil)),
        ("queue=200ms", .queue(.time(.milliseconds(200)))),
        ("queue=64kB", .queue(.bytes(64_000))),
        ("queue=1500B", .queue(.bytes(1_500))),
        ("queue=none", .queue(.unlimited)),
    ]

    @Test("What is written is what is meant", arguments: readable)
    func reads(word: String, setting: LinkSetting) throws {
        #expect(try LinkSetting(parsing: word) == setting)
    }

    @Test(
        "What cannot be meant is refused",
        arguments: [
            "", "rate", "=1", "speed=1", "rate=", "rate=-1", "rate=1x", "rate=800K", "rate=101G", "rate=1e9", "rate=..",
            "rate=99999999999999999999999999", "delay=5", "delay=61s", "delay=-1ms", "delay=ms", "loss=101%", "loss=2",
            "loss=nan", "loss=%", "burst-loss=1%", "burst-loss=1%,2%,3%", "burst-loss=,1%", "reorder=1%,",
            "reorder=,5ms",
            "reorder=1%,5ms,1", "queue=5", "queue=2GB", "queue=61s", "queue=1%", "rate=٣k",
        ])
    func refuses(word: String) {
        #expect(throws: RelayTextError.self) { try LinkSetting(parsing: word) }
    }

    @Test("A refusal names the word and what is allowed")
    func refusal() {
        let error = #expect(throws: RelayTextError.self) { try LinkSetting(parsing: "loss=200%") }
        #expect(error?.description == "loss=200%: a probability as 2% or 0.02")
    }

    @Test("A line is a direction and settings")
    func line() throws {
        #expect(
            try LinkChange(parsing: " down rate=800k  loss=1% ")
                == LinkChange([.down], [.rate(800_000), .loss(.random(0.01))]))
        #expect(try LinkChange(parsing: "up delay=1ms") == LinkChange([.up], [.delay(.milliseconds(1))]))
        #expect(try LinkChange(parsing: "both delay=1ms") == LinkChange([.up, .down], [.delay(.milliseconds(1))]))
        #expect(try LinkChange(parsing: "delay=1ms") == LinkChange([.up, .down], [.delay(.milliseconds(1))]))
    }

    @Test(
        "A line that changes nothing, or more than is known, is refused",
        arguments: ["", " ", "up", "up down rate=1", "left rate=1"])
    func badLine(line: String) {
        #expect(throws: RelayTextError.self) { try LinkChange(parsing: line) }
    }

    @Test("A change leaves the other conditions alone; the two kinds of loss replace each other")
    func change() throws {
        let before = LinkConditions(rate: 5, delay: .milliseconds(7), loss: .random(0.5))
        let change = try LinkChange(parsing: "down rate=none burst-loss=1%,50% queue=1kB jitter=1ms reorder=1%")
        #expect(
            change.applied(to: before)
                == LinkConditions(
                    delay: .milliseconds(7), jitter: .milliseconds(1),
                    loss: .bursts(.init(goodToBad: 0.01, badToGood: 0.5)),
                    reordering: .init(probability: 0.01, delay: .milliseconds(20)), queueLimit: .bytes(1_000)))
    }

    @Test("A script is read in the order of time; comments and empty lines are passed over")
    func script() throws {
        let text = """
            # A tunnel.
            10s down rate=800k   # begins

            2m down rate=5M
            500ms both delay=20ms
            10s up loss=1%
            """
        #expect(
            try TimedLinkChange.script(text) == [
                TimedLinkChange(after: .milliseconds(500), LinkChange([.up, .down], [.delay(.milliseconds(20))])),
                TimedLinkChange(after: .seconds(10), LinkChange([.down], [.rate(800_000)])),
                TimedLinkChange(after: .seconds(10), LinkChange([.up], [.loss(.random(0.01))])),
                TimedLinkChange(after: .seconds(120), LinkChange([.down], [.rate(5_000_000)])),
            ])
        #expect(try TimedLinkChange.script("").isEmpty)
    }

    @Test(
        "A bad line of a script is named",
        arguments: [
            "down rate=1", "10 down rate=1", "10s", "10s down", "9999h up rate=1", "-1s up rate=1", "nans up rate=1",
        ])
    func badScript(line: String) {
        let error = #expect(throws: RelayTextError.self) { try TimedLinkChange.script("1s up rate=1\n" + line) }
        #expect(error?.description.hasPrefix("line 2: ") == true)
    }
}
