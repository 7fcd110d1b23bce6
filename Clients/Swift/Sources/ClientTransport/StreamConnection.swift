internal import MediaIO
internal import ProtocolCore
internal import TLS

/// A TCP connection of a ``TransportLoop``, with TLS on it or without.
final class StreamConnection {
    /// So many bytes may wait for the network in all.
    static let limit = 128 << 10
    /// So many of them media may take; the rest is for checks and handshakes, which media cannot do without.
    static let mediaLimit = 64 << 10
    /// What TLS may add to a message of ours: header, tag and the like of one record.
    private static let recordOverhead = 64
    private static let readSize = 16 << 10
    private static let readsPerWake = 16

    private var socket: StreamSocket
    private let tls: TLSClientSession?
    /// What came and was not taken yet: less than a frame after ``receive(_:)``.
    private var unread: [UInt8] = []
    private var outbound: [UInt8] = []
    /// Why it is of no more use; nil while it is.
    private(set) var failure: String?

    /// Throws `SystemError` when the kernel does not even try.
    init(connectingTo remote: SocketEndpoint, tls: TLSClientSession?) throws(SystemError) {
        socket = try StreamSocket(connectingTo: remote, limit: Self.limit)
        self.tls = tls
        attempt { () throws(TLSError) in try tls?.start() }
        drainTLS()
    }

    var descriptor: Int32 { socket.descriptor }

    /// Whether the peer has taken the connection.
    var isConnected: Bool { socket.isConnected }

    // MARK: Out

    /// Sends bytes when there is room for them; otherwise they are dropped, as on any congested path.
    func send(_ bytes: UnsafeRawBufferPointer, isMedia: Bool) {
        guard failure == nil else { return }
        let reserve = isMedia ? Self.limit - Self.mediaLimit : 0
        guard socket.room - reserve >= bytes.count + Self.recordOverhead else { return }
        guard let tls else {
            socket.write(bytes)
            noteFailure()
            return
        }
        attempt { () throws(TLSError) in try tls.send(bytes.bytes) }
        drainTLS()
    }

    /// Gives the network what waits, as far as it takes it. To be called every few milliseconds.
    func flush() {
        if !socket.isFlushed { socket.flush() }
        noteFailure()
    }

    private func drainTLS() {
        guard let tls else { return }
        outbound.removeAll(keepingCapacity: true)
        tls.takeOutbound(into: &outbound)
        guard !outbound.isEmpty else { return }
        // A record that is lost ends the connection, so there must be room.
        if !outbound.withUnsafeBytes({ socket.write($0) }), failure == nil { failure = "too much waits to be sent" }
        noteFailure()
    }

    private func attempt(_ body: () throws(TLSError) -> Void) {
        do throws(TLSError) {
            try body()
        } catch {
            if failure == nil { failure = "\(error)" }
        }
    }

    private func noteFailure() {
        if failure == nil, let error = socket.failure { failure = "\(error)" }
    }

    // MARK: In

    /// Reads what has come, and gives all bytes that were not taken yet.
    /// - Parameter take: Tells how many of them it has taken, from the beginning; nil ends the connection.
    func receive(_ take: (UnsafeMutableRawBufferPointer) -> Int?) {
        for _ in 0..<Self.readsPerWake {
            guard failure == nil, readOnce() else { break }
            guard !unread.isEmpty else { continue }
            let taken = unread.withUnsafeMutableBytes { take($0) }
            guard let taken else {
                failure = "the peer sends what cannot be read"
                break
            }
            unread.removeFirst(min(taken, unread.count))
        }
        drainTLS()
    }

    /// False when there is nothing more at present.
    private func readOnce() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 16) { buffer in
            switch socket.read(into: buffer) {
            case .nothing:
                return false
            case .end:
                failure = "the peer has closed the connection"
                return false
            case .failed(let error):
                failure = "\(error)"
                return false
            case .bytes(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                guard let tls else {
                    unread.append(contentsOf: bytes)
                    return true
                }
                attempt { () throws(TLSError) in unread += try tls.receive(bytes.bytes) }
                if tls.isClosed, failure == nil { failure = "the peer has closed the connection" }
                return true
            }
        }
    }
}
