internal import CSockets
public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// A non-blocking TCP connection that we open, closed when its owner lets go of it.
///
/// Bytes that the kernel does not take wait here, up to a limit. There is no notice when it takes more: whoever owns the
/// socket calls ``flush()`` every few milliseconds while ``isFlushed`` is false, which also finishes the connecting.
public struct StreamSocket: ~Copyable {
    /// What came of a read.
    public enum Reading: Sendable {
        /// So many bytes were read; there may be more.
        case bytes(Int)
        /// Nothing waits at present.
        case nothing
        /// The peer has closed its side.
        case end
        case failed(SystemError)
    }

    private enum State {
        case connecting
        case connected
        case failed(SystemError)
    }

    /// Kernel buffer asked for in the direction of the peer. What lies in it comes late when the network is slow, so it
    /// is no larger than a path of 20 Mbit/s and 100 ms fills.
    static let sendBufferSize: Int32 = 256 << 10

    public let descriptor: Int32
    public let remote: SocketEndpoint
    /// How many bytes may wait here.
    private let limit: Int
    private var state = State.connecting
    private var waiting: [UInt8] = []
    private var sent = 0

    /// Begins to connect to a literal address. Throws `SystemError`, for example when there is no route.
    /// - Parameter limit: How many bytes may wait for the kernel.
    public init(connectingTo remote: SocketEndpoint, limit: Int) throws(SystemError) {
        let descriptor = csockets_stream_socket(remote.isIPv6 ? AF_INET6 : AF_INET)
        guard descriptor >= 0 else { throw SystemError("socket") }
        Self.prepare(descriptor)
        var address = SocketAddress(remote, onIPv6Socket: remote.isIPv6)
        let result = withUnsafePointer(to: &address.storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, address.length) }
        }
        guard result == 0 || errno == EINPROGRESS else {
            let error = SystemError("connect \(remote)")
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.remote = remote
        self.limit = limit
    }

    deinit {
        close(descriptor)
    }

    private static func prepare(_ descriptor: Int32) {
        var on: Int32 = 1
        // Packets are sent when they are there, not when a segment is full.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var size = sendBufferSize
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Darwin)
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// Whether the peer has taken the connection.
    public var isConnected: Bool {
        switch state {
        case .connected: true
        case .connecting, .failed: false
        }
    }

    /// Whether nothing waits and nothing has to be finished.
    public var isFlushed: Bool {
        isConnected && waiting.isEmpty
    }

    /// Why the connection is of no more use; nil while it is.
    public var failure: SystemError? {
        switch state {
        case .failed(let error): error
        case .connecting, .connected: nil
        }
    }

    /// How many bytes may still be given to ``write(_:)``.
    public var room: Int {
        limit - (waiting.count - sent)
    }

    /// Sends bytes, or keeps what the kernel does not take.
    /// - Returns: False when there is no ``room`` for all of them, and none was taken.
    @discardableResult
    public mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= room, failure == nil else { return false }
        var rest = bytes[...]
        if isFlushed { rest = rest.dropFirst(send(bytes)) }
        if !rest.isEmpty { waiting.append(contentsOf: rest) }
        return true
    }

    /// Finishes connecting and gives the kernel what waits, as far as it takes it.
    public mutating func flush() {
        if case .connecting = state { finishConnecting() }
        guard isConnected, sent < waiting.count else { return }
        sent += waiting.withUnsafeBytes { bytes -> Int in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = systemSend(rest)
            return max(0, count)
        }
        noteFailure()
        if sent == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            sent = 0
        } else if sent > limit / 2 {
            waiting.removeSubrange(..<sent)
            sent = 0
        }
    }

    private mutating func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = systemSend(bytes)
        noteFailure()
        return max(0, count)
    }

    /// The error of the last send, which ``noteFailure()`` looks at.
    private var lastError: Int32 = 0

    private mutating func systemSend(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !bytes.isEmpty else { return 0 }
        #if canImport(Darwin)
            let count = Darwin.send(descriptor, bytes.baseAddress, bytes.count, csockets_send_flags())
        #else
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, csockets_send_flags())
        #endif
        lastError = count < 0 ? errno : 0
        return count
    }

    private mutating func noteFailure() {
        guard lastError != 0, lastError != EAGAIN, lastError != EWOULDBLOCK, lastError != EINTR else { return }
        state = .failed(SystemError("send", errno: lastError))
    }

    private mutating func finishConnecting() {
        var query = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&query, 1, 0) == 1 else { return }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        state = error == 0 ? .connected : .failed(SystemError("connect \(remote)", errno: error))
    }

    /// Reads what waits, at most as much as fits.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        if let failure { return .failed(failure) }
        if case .connecting = state {
            finishConnecting()
            if let failure { return .failed(failure) }
            guard isConnected else { return .nothing }
        }
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        if errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR { return .nothing }
        let error = SystemError("recv")
        state = .failed(error)
        return .failed(error)
    }
}
