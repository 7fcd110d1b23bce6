import Logging
import NIOCore
import ProtocolCore
import STUN
import Testing

@testable import Relay

@Suite("ICE over TCP on real sockets")
struct ICETCPTests {
    private let check = STUNMessageBuilder(.request, transactionID: .init(high: 1, low: 2)).finish(integrityKey: [1])

    /// A door to one UDP socket, which stands for a media worker.
    private func withDoor(
        limits: RelayLimits = RelayLimits(),
        _ body: (_ port: Int, _ worker: DatagramPipe, RelayMetering) async throws -> Void
    ) async throws {
        let worker = try await DatagramPipe(to: nil)
        let metering = RelayMetering()
        let acceptor = try await ICETCPAcceptor(
            [.init(listen: .loopback(port: 0), worker: .loopback(port: worker.port))], limits: limits.patient,
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
        var limits = RelayLimits()
        limits.connectionsPerAddress = 1
        try await withDoor(limits: limits) { port, worker, metering in
            var worker = worker
            let first = try await StreamPipe(port: port, .ice)
            try await first.send(check)
            #expect(try await worker.receive() == check)
            var second = try await StreamPipe(port: port, .ice)
            await #expect(throws: PipeClosed.self) { try await second.receive() }
            #expect(metering.counters.refusedConnections == 1)
        }
    }

    @Test("Who does not read loses media, and costs no memory")
    func fullConnection() async throws {
        var limits = RelayLimits()
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
