import Logging
import NIOCore
import ProtocolCore
import STUN
import Testing

@testable import Relay

@Suite("ICE over TCP on real sockets")
struct ICETCPTests {
    private let check = Self.check(of: "ada")

    private static let transaction = STUNMessage.TransactionID(high: 1, low: 2)

    private static func check(of participant: String) -> [UInt8] {
        var builder = STUNMessageBuilder(.request, transactionID: transaction)
        builder.add(username: "\(participant):client")
        return builder.finish(integrityKey: [1])
    }

    /// What the worker says to a check with the right password.
    private static let success = STUNMessageBuilder(.successResponse, transactionID: transaction)
        .finish(integrityKey: [1])

    /// Sends a check, which the worker answers with success.
    private func prove(_ client: inout StreamPipe, _ worker: inout DatagramPipe, as participant: String) async throws {
        let check = Self.check(of: participant)
        try await client.send(check)
        let (packet, source) = try await worker.receiveWithSource()
        #expect(packet == check)
        try await worker.send(Self.success, to: source)
        #expect(try await client.receive() == Self.success)
    }

    /// A door to one UDP socket, which stands for a media worker.
    private func withDoor(
        limits: RelayLimits = RelayLimits().patient,
        _ body: (_ port: Int, _ worker: DatagramPipe, RelayMetering) async throws -> Void
    ) async throws {
        let worker = try await DatagramPipe(to: nil)
        let metering = RelayMetering()
        let acceptor = try await ICETCPAcceptor(
            [.init(listen: .loopback(port: 0), worker: .loopback(port: worker.port))], limits: limits,
            meter: metering, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await body(Int(acceptor.ports[0]), worker, metering)
        await acceptor.close()
        try await worker.channel.close()
    }

    @Test("To the worker each connection is a peer of its own")
    func bridges() async throws {
        try await withDoor { port, worker, metering in
            var worker = worker
            var clients = [try await StreamPipe(port: port, .ice), try await StreamPipe(port: port, .ice)]
            var sources: [SocketAddress] = []
            for index in clients.indices {
                try await clients[index].send(check)
                let (packet, source) = try await worker.receiveWithSource()
                #expect(packet == check)
                sources.append(source)
            }
            #expect(sources[0] != sources[1])
            for index in clients.indices {
                for payload: [UInt8] in [[0x80, 1, 2], [UInt8](repeating: 0x90, count: 1_300)] {
                    try await worker.send(payload + [UInt8(index)], to: sources[index])
                    #expect(try await clients[index].receive() == payload + [UInt8(index)])
                    try await clients[index].send(payload)
                    let (packet, source) = try await worker.receiveWithSource()
                    #expect(packet == payload)
                    #expect(source == sources[index])
                }
            }
            #expect(metering.counters.mediaConnections == 2)
            for client in clients { try await client.channel.close() }
            while metering.counters.mediaConnections > 0 { await Task.yield() }
            #expect(metering.counters.mediaConnectionsMade == 2)
        }
    }

    @Test("Packets in one piece, and in single bytes, arrive in order")
    func pieces() async throws {
        try await withDoor { port, worker, _ in
            var worker = worker
            let client = try await StreamPipe(port: port, .ice)
            let packets: [[UInt8]] = [check, [0x80, 1], [], [0x80, 2], [0x80, 3]]
            let bytes = packets.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
            for byte in bytes { try await client.sendRaw([byte]) }
            for packet in packets where !packet.isEmpty { #expect(try await worker.receive() == packet) }
            try await client.sendRaw(bytes)
            for packet in packets where !packet.isEmpty { #expect(try await worker.receive() == packet) }
        }
    }

    @Test("A connection begins with a Binding request", arguments: ["GET / HTTP/1.1\r\n\r\n", "\0\u{4}abcd"])
    func strangers(text: String) async throws {
        try await withDoor { port, _, metering in
            var client = try await StreamPipe(port: port, .ice)
            try await client.sendRaw(Array(text.utf8))
            await #expect(throws: PipeClosed.self) { try await client.receive() }
            #expect(metering.counters.refusedConnections == 1)
        }
    }

    @Test("An address has a share of the connections")
    func connections() async throws {
        var limits = RelayLimits().patient
        limits.connectionsPerAddress = 1
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            var first = try await StreamPipe(port: port, .ice)
            try await prove(&first, &worker, as: "ada")
            var second = try await StreamPipe(port: port, .ice)
            await #expect(throws: PipeClosed.self) { try await prove(&second, &worker, as: "grace") }
            #expect(metering.counters.refusedConnections == 1)
            #expect(metering.counters.limitHits["iceTCP.connectionsPerAddress"] == 1)
        }
    }

    @Test("A participant has a share of the connections")
    func connectionsOfParticipant() async throws {
        var limits = RelayLimits().patient
        limits.connectionsPerParticipant = 1
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            var clients: [StreamPipe] = []
            for _ in 0..<3 { clients.append(try await StreamPipe(port: port, .ice)) }
            try await prove(&clients[0], &worker, as: "ada")
            await #expect(throws: PipeClosed.self) { try await prove(&clients[1], &worker, as: "ada") }
            try await prove(&clients[2], &worker, as: "grace")
            #expect(metering.counters.limitHits["iceTCP.connectionsPerParticipant"] == 1)
        }
    }

    @Test("Connections without a check that succeeded keep nobody out")
    func occupied() async throws {
        var limits = RelayLimits().patient
        limits.unprovedConnections = 4
        limits.connections = 1
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            var idle: [StreamPipe] = []
            for _ in 0..<8 {
                idle.append(try await StreamPipe(port: port, .ice))
                try await idle[idle.count - 1].send(check)
                _ = try await worker.receive()
            }
            var client = try await StreamPipe(port: port, .ice)
            try await prove(&client, &worker, as: "ada")
            await #expect(throws: PipeClosed.self) { try await idle[0].receive() }
            #expect((metering.counters.limitHits["iceTCP.unprovedConnections"] ?? 0) >= 4)
        }
    }

    enum Answer: CaseIterable {
        case none
        case refusal
        case successToAnother
        case media
    }

    @Test("What proves nothing does not keep a connection", arguments: Answer.allCases)
    func chatter(_ answer: Answer) async throws {
        var limits = RelayLimits()
        limits.proofTimeout = .milliseconds(200)
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            let client = try await StreamPipe(port: port, .ice)
            for _ in 0..<500 where client.channel.isActive {
                guard (try? await client.send(check)) != nil else { break }
                let source = try await worker.receiveWithSource().source
                let id = Self.transaction
                let other = STUNMessage.TransactionID(high: 9, low: 9)
                switch answer {
                case .none: break
                case .refusal:
                    let refusal = STUNMessageBuilder(.errorResponse, transactionID: id).finish(integrityKey: nil)
                    try await worker.send(refusal, to: source)
                case .successToAnother:
                    let success = STUNMessageBuilder(.successResponse, transactionID: other).finish(integrityKey: nil)
                    try await worker.send(success, to: source)
                case .media: try await worker.send([0x80, 1], to: source)
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!client.channel.isActive)
            #expect(metering.counters.limitHits["iceTCP.proofTime"] == 1)
        }
    }

    @Test("A packet that is too long ends the connection")
    func longPacket() async throws {
        try await withDoor { port, _, metering in
            var client = try await StreamPipe(port: port, .ice)
            try await client.sendRaw([0x20, 0])
            await #expect(throws: PipeClosed.self) { try await client.receive() }
            #expect(metering.counters.limitHits["iceTCP.packetBytes"] == 1)
        }
    }

    @Test("Who does not read loses media, and costs no memory")
    func fullConnection() async throws {
        var limits = RelayLimits().patient
        limits.unsentBytes = 16 << 10
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            let client = try await StreamPipe(port: port, .ice)
            try await client.send(check)
            let source = try await worker.receiveWithSource().source
            try await client.channel.setOption(.autoRead, value: false).get()
            let packet = [UInt8](repeating: 0x80, count: 1_200)
            while metering.counters.droppedPackets == 0 { try await worker.send(packet, to: source) }
            #expect(metering.counters.mediaConnections == 1)
        }
    }
}
