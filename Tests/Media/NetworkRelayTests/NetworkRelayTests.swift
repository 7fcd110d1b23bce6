import NetworkEmulation
import ProtocolCore
import Testing

@testable import NetworkRelay

@Suite("A relay between real sockets", .timeLimit(.minutes(1)))
struct NetworkRelayTests {
    let server: LoopbackSocket
    let client: LoopbackSocket

    init() throws {
        server = try LoopbackSocket()
        client = try LoopbackSocket()
    }

    /// Runs `body` with a relay in front of the server.
    private func withRelay(
        up: LinkConditions = .init(), down: LinkConditions = .init(), seed: UInt64 = 1, script: [TimedLinkChange] = [],
        clientLimit: Int = 8, _ body: (NetworkRelay) async throws -> Void
    ) async throws {
        let relay = try NetworkRelay(
            listeningAt: .loopback(port: 0),
            .init(
                server: server.endpoint, up: up, down: down, seed: seed, script: script, clientLimit: clientLimit))
        await relay.start()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(relay))
        } catch {
            result = .failure(error)
        }
        await relay.stop()
        try result.get()
    }

    /// Waits until the relay has taken that many packets of one way, and gives its report then.
    private func report(
        of relay: NetworkRelay, when direction: RelayDirection, hasTaken count: Int
    ) async -> RelayReport {
        while true {
            let report = await relay.report()
            if report[direction].offeredPackets >= count { return report }
            await Task.yield()
        }
    }

    @Test("Bytes come through both ways, and each client gets its own answers")
    func bothWays() async throws {
        let other = try LoopbackSocket()
        try await withRelay { relay in
            try client.send([1, 2, 3], to: relay.local.port)
            let first = try server.receive()
            try other.send([4], to: relay.local.port)
            let second = try server.receive()
            #expect(first.bytes == [1, 2, 3])
            #expect(second.bytes == [4])
            #expect(first.from != second.from)

            try server.send([5, 6], to: second.from)
            try server.send([7], to: first.from)
            let answer = try client.receive()
            #expect(answer.bytes == [7])
            #expect(answer.from == relay.local.port)
            #expect(try other.receive().bytes == [5, 6])

            try client.send([8], to: relay.local.port)
            #expect(try server.receive().from == first.from, "a client keeps its socket")
            let report = await relay.report()
            #expect(report.clients == 2)
            #expect((report.up.passedPackets, report.down.passedPackets) == (3, 2))
            #expect(report.up.passedBytes == 5 + 3 * 28)
            #expect((report.refusedPackets, report.undeliverablePackets) == (0, 0))
        }
    }

    @Test("A link that carries nothing fills its queue exactly; once open it empties in order")
    func queue() async throws {
        let conditions = LinkConditions(rate: 0, queueLimit: .bytes(10_000))
        try await withRelay(up: conditions) { relay in
            for number in 0..<25 {
                try client.send([UInt8](repeating: UInt8(number), count: 972), to: relay.local.port)
            }
            let full = await report(of: relay, when: .up, hasTaken: 25)
            #expect((full.up.passedPackets, full.up.droppedPackets) == (0, 15))
            #expect(full.up.queuedBytes == 10_000)
            #expect(full.up.queueDelay == nil)
            #expect(server.receiveAll().isEmpty)

            await relay.apply(try LinkChange(parsing: "up rate=none"))
            for number in 0..<10 { #expect(try server.receive().bytes.first == UInt8(number)) }
            let empty = await relay.report()
            #expect((empty.up.passedPackets, empty.up.queuedBytes) == (10, 0))
            #expect(empty.up.conditions == LinkConditions(rate: nil, queueLimit: .bytes(10_000)))
        }
    }

    @Test("The rate holds back what does not fit")
    func rate() async throws {
        // One bit a second: a packet of 1,000 bytes takes 8,000.
        try await withRelay(down: LinkConditions(rate: 1, queueLimit: .bytes(3_000))) { relay in
            try client.send([0], to: relay.local.port)
            let path = try server.receive().from
            for _ in 0..<5 { try server.send([UInt8](repeating: 9, count: 972), to: path) }
            let report = await report(of: relay, when: .down, hasTaken: 5)
            #expect((report.down.passedPackets, report.down.droppedPackets, report.down.queuedBytes) == (0, 2, 3_000))
            let wait = try #require(report.down.queueDelay)
            #expect(wait > .seconds(20_000) && wait <= .seconds(24_000))
        }
    }

    @Test("A slow link passes everything in time, without further traffic to wake it")
    func slowLink() async throws {
        try await withRelay(up: LinkConditions(rate: 800_000, delay: .milliseconds(3))) { relay in
            for number in 0..<5 { try client.send([UInt8(number)], to: relay.local.port) }
            for number in 0..<5 { #expect(try server.receive().bytes == [UInt8(number)]) }
        }
    }

    @Test("A seed decides which packets are lost", arguments: RelayDirection.allCases)
    func loss(direction: RelayDirection) async throws {
        let conditions = LinkConditions(loss: .random(0.3))
        let count: UInt8 = 100
        var link = EmulatedLink<UInt8>(conditions, seed: NetworkRelay.seed(of: direction, from: 42))
        for number in 0..<count { link.send(number, size: 1, at: .zero) }
        let expected = link.poll(now: .zero).map { [$0.payload] }
        #expect(expected.count > 50 && expected.count < 90)

        let lossy = (up: direction == .up ? conditions : .init(), down: direction == .down ? conditions : .init())
        try await withRelay(up: lossy.up, down: lossy.down, seed: 42) { relay in
            switch direction {
            case .up:
                for number in 0..<count { try client.send([number], to: relay.local.port) }
            case .down:
                try client.send([0], to: relay.local.port)
                let path = try server.receive().from
                for number in 0..<count { try server.send([number], to: path) }
            }
            let report = await report(of: relay, when: direction, hasTaken: Int(count))
            #expect(report[direction].lostPackets == Int(count) - expected.count)
            // The relay's system calls are over, so what came through is in the socket.
            #expect((direction == .up ? server : client).receiveAll() == expected)
        }
    }

    @Test("The two ways do not lose the same packets")
    func seeds() {
        #expect(NetworkRelay.seed(of: .up, from: 7) != NetworkRelay.seed(of: .down, from: 7))
    }

    @Test("A script changes conditions by itself, one line on top of the other")
    func script() async throws {
        let script = try TimedLinkChange.script("20ms up rate=none\n10ms up delay=1ms")
        try await withRelay(up: LinkConditions(rate: 0), script: script) { relay in
            try client.send([1], to: relay.local.port)
            #expect(try server.receive().bytes == [1])
            let conditions = await relay.report().up.conditions
            #expect(conditions == LinkConditions(rate: nil, delay: .milliseconds(1)))
        }
    }

    @Test("Two changes at once build on each other")
    func changesAtOnce() async throws {
        try await withRelay { relay in
            await relay.apply(try LinkChange(parsing: "both delay=5ms"))
            await relay.apply(try LinkChange(parsing: "down loss=5%"))
            let report = await relay.report()
            #expect(report.up.conditions == LinkConditions(delay: .milliseconds(5)))
            #expect(report.down.conditions == LinkConditions(delay: .milliseconds(5), loss: .random(0.05)))
        }
    }

    @Test("A new client takes the place of the longest silent one")
    func clientLimit() async throws {
        let newcomer = try LoopbackSocket()
        try await withRelay(down: LinkConditions(rate: 0), clientLimit: 1) { relay in
            try client.send([1], to: relay.local.port)
            let path = try server.receive().from
            try server.send([2], to: path)
            _ = await report(of: relay, when: .down, hasTaken: 1)
            try newcomer.send([3], to: relay.local.port)
            #expect(try server.receive().from != path)
            #expect(await relay.report().clients == 1)

            // What was on the way to the first one is of no use to anybody.
            await relay.apply(try LinkChange(parsing: "down rate=none"))
            #expect(await relay.report().undeliverablePackets == 1)
            #expect(client.receiveAll().isEmpty)
        }
    }

    @Test("Strangers, empty datagrams and those that may be cut are refused")
    func refusals() async throws {
        let stranger = try LoopbackSocket()
        try await withRelay { relay in
            try client.send([], to: relay.local.port)
            try client.send([UInt8](repeating: 1, count: 2048), to: relay.local.port)
            try client.send([UInt8](repeating: 2, count: 2047), to: relay.local.port)
            let arrived = try server.receive()
            #expect(arrived.bytes == [UInt8](repeating: 2, count: 2047))
            #expect(await relay.report().refusedPackets == 2)

            try stranger.send([3], to: arrived.from)
            try server.send([4], to: arrived.from)
            #expect(try client.receive().bytes == [4])
            #expect(await relay.report().refusedPackets == 3)
        }
    }

    @Test("A port that is taken is an error, not a trap")
    func portTaken() throws {
        #expect(throws: (any Error).self) {
            _ = try NetworkRelay(listeningAt: server.endpoint, .init(server: server.endpoint))
        }
    }
}
