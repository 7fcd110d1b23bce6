import ClientTransport
import DTLS
import MediaIO
import ProtocolCore
import RTP
import SDP

/// A ``VirtualServer`` behind a real socket on the loopback interface, for what has a socket itself.
actor LoopbackServer {
    private nonisolated let loop: EventLoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let socket: UDPSocket
    private var server: VirtualServer
    private var arrived = ReceiveBatch()
    private var leaving = SendBatch()
    private var client: SocketEndpoint?
    private var toldOf = 0
    private nonisolated let payloads: AsyncStream<[UInt8]>.Continuation
    /// The payload of each media packet, as it comes.
    nonisolated let received: AsyncStream<[UInt8]>

    init() throws {
        loop = try EventLoopExecutor(name: "test-server")
        socket = try UDPSocket(bindingTo: .loopback(port: 0))
        server = VirtualServer(
            identity: try DTLSIdentity.generate(unixTime: 1_700_000_000), address: socket.local)
        (received, payloads) = AsyncStream.makeStream()
    }

    func start() {
        loop.whenReadable(socket.descriptor) { [unowned self] in assumeIsolated { $0.readable() } }
        loop.tick(every: .milliseconds(5)) { [unowned self] in assumeIsolated { $0.tick() } }
    }

    func stop() {
        loop.forget(socket.descriptor)
        loop.stopTicking()
        loop.stop()
        payloads.finish()
    }

    func answer(_ offer: String, to lines: [ClientLine]) throws -> String {
        try server.answer(offer, purposes: Dictionary(uniqueKeysWithValues: lines.map { ($0.mid, $0.purpose) }))
    }

    /// Sends one packet of H.264 into a slot; false when there is no such slot.
    func send(_ payload: [UInt8], into mid: Mid, sequence: UInt16) -> Bool {
        guard let slot = server.slot(mid) else { return false }
        server.send(payload, ssrc: slot.ssrc, type: 102, sequence: sequence, timestamp: UInt32(sequence) &* 900)
        flush()
        return true
    }

    private func readable() {
        for index in 0..<arrived.receive(from: socket) {
            guard let source = arrived.source(index), !arrived.datagram(index).isEmpty else { continue }
            client = source
            server.receive(Array(arrived.datagram(index)), from: source, now: MonotonicClock.now())
        }
        for packet in server.received[toldOf...] where !packet.header.hasPadding { payloads.yield(packet.payload) }
        toldOf = server.received.count
        flush()
    }

    private func tick() {
        server.advance(now: MonotonicClock.now())
        flush()
    }

    private func flush() {
        guard let client, !server.outbox.isEmpty else { return }
        leaving.begin(client, onIPv6Socket: socket.isIPv6)
        for datagram in server.outbox {
            if !leaving.hasRoom { leaving.flush(to: socket) }
            datagram.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                leaving.reserve().copyMemory(from: base, byteCount: bytes.count)
            }
            leaving.commit(length: datagram.count)
        }
        server.outbox = []
        leaving.flush(to: socket)
    }
}
