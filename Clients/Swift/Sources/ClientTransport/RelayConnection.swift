internal import ICE
internal import MediaIO
internal import ProtocolCore
internal import TLS
internal import TURN

/// One relayed address at a TURN server, with the socket or connection toward it.
final class RelayConnection {
    /// How long a connection may take when the server has another address to try.
    static let patience: Duration = .seconds(3)

    enum Carrier {
        case socket(RelaySocket)
        case stream(StreamConnection)
    }

    let link: Link
    let server: RelayServer
    let remote: SocketEndpoint
    /// The addresses to try if this one leads nowhere.
    let alternatives: [SocketEndpoint]
    let openedAt: Instant
    let carrier: Carrier
    var client: TURNClientSession
    private var message: [UInt8] = []

    /// - Parameter addresses: Those of the server, one at the least, of which the first is tried.
    init(
        _ link: Link, _ server: RelayServer, addresses: [SocketEndpoint], tls: TLSClientContext?, unixTime: Int64,
        seed: UInt64, now: Instant
    ) throws(RelayFailure) {
        guard let remote = addresses.first else { throw RelayFailure("'\(server.uri.host)' has no address.") }
        self.link = link
        self.server = server
        self.remote = remote
        alternatives = Array(addresses.dropFirst())
        openedAt = now
        client = TURNClientSession(
            username: server.username, password: server.password, over: server.uri.transport, seed: seed)
        do {
            switch server.uri.transport {
            case .udp:
                carrier = .socket(try RelaySocket(reaching: remote))
            case .tcp:
                carrier = .stream(try StreamConnection(connectingTo: remote, tls: nil))
            case .tls:
                guard let tls else { throw RelayFailure("There are no certificates to trust.") }
                let session = try TLSClientSession(tls, name: server.uri.host, unixTime: unixTime)
                carrier = .stream(try StreamConnection(connectingTo: remote, tls: session))
            }
        } catch {
            throw RelayFailure("\(error)")
        }
        client.start(now: now)
    }

    var descriptor: Int32 {
        switch carrier {
        case .socket(let socket): socket.socket.descriptor
        case .stream(let stream): stream.descriptor
        }
    }

    /// Why the way to the server is of no more use; nil while it is.
    var failure: String? {
        switch carrier {
        case .socket: nil
        case .stream(let stream): stream.failure
        }
    }

    func flush() {
        if case .stream(let stream) = carrier { stream.flush() }
    }

    // MARK: Packets

    func send(_ packet: UnsafeRawBufferPointer, to peer: SocketEndpoint, isMedia: Bool, now: Instant) {
        message.removeAll(keepingCapacity: true)
        guard client.send(packet.bytes, to: peer, now: now, into: &message) else { return }
        message.withUnsafeBytes { transmit($0, isMedia: isMedia) }
    }

    /// Sends a message to the server.
    func transmit(_ message: UnsafeRawBufferPointer, isMedia: Bool) {
        switch carrier {
        case .socket(let socket): socket.send(message, to: remote)
        case .stream(let stream): stream.send(message, isMedia: isMedia)
        }
    }

    /// Gives each packet that has come from a peer; it may be changed.
    /// - Parameter batch: Buffers for datagrams.
    func receive(
        _ batch: inout ReceiveBatch, now: Instant, _ deliver: (UnsafeMutableRawBufferPointer, SocketEndpoint) -> Void
    ) {
        switch carrier {
        case .socket(let socket):
            let count = batch.receive(from: socket.socket)
            for index in 0..<count where batch.source(index) == remote {
                take(batch.datagram(index), now: now, deliver)
            }
        case .stream(let stream):
            stream.receive { [self] bytes in
                var start = 0
                while true {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                    let found: StreamFrame?
                    do throws(ParseError) {
                        found = try TURNStreamFraming.firstFrame(in: UnsafeRawBufferPointer(rest).bytes)
                    } catch {
                        return nil
                    }
                    guard let found else { return start }
                    take(UnsafeMutableRawBufferPointer(rebasing: rest[found.content]), now: now, deliver)
                    start += found.length
                }
            }
        }
    }

    private func take(
        _ message: UnsafeMutableRawBufferPointer, now: Instant,
        _ deliver: (UnsafeMutableRawBufferPointer, SocketEndpoint) -> Void
    ) {
        guard let received = client.handle(UnsafeRawBufferPointer(message).bytes, now: now),
            !received.payload.isEmpty
        else { return }
        deliver(UnsafeMutableRawBufferPointer(rebasing: message[received.payload]), received.peer)
    }
}

/// Why a way through a TURN server could not even be begun.
struct RelayFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A UDP socket toward one TURN server.
final class RelaySocket {
    let socket: UDPSocket
    private var batch = SendBatch(usesSegmentation: false)

    init(reaching remote: SocketEndpoint) throws(SystemError) {
        socket = try UDPSocket(
            bindingTo: remote.isIPv6
                ? SocketEndpoint(ipv6High: 0, low: 0, port: 0) : SocketEndpoint(ipv4: 0, port: 0))
    }

    func send(_ message: UnsafeRawBufferPointer, to remote: SocketEndpoint) {
        guard let base = message.baseAddress, message.count <= SendBatch.largestDatagram else { return }
        batch.begin(remote, onIPv6Socket: socket.isIPv6)
        batch.reserve().copyMemory(from: base, byteCount: message.count)
        batch.commit(length: message.count)
        batch.flush(to: socket)
    }
}
