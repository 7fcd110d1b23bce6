internal import CSockets
public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// Buffers for one burst of datagrams, allocated once and used for every one.
public struct ReceiveBatch: ~Copyable {
    /// Datagrams taken at once. Beyond 64 the gain is lost in cache misses.
    public static let capacity = 64
    /// Bytes kept of a datagram; longer ones are cut and then refused as truncated. An Ethernet frame holds 1,500.
    public static let datagramSize = 2048

    private let buffers: UnsafeMutableRawPointer
    let messages: UnsafeMutablePointer<csockets_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let addresses: UnsafeMutablePointer<SocketAddress>
    /// Where the kernel writes to which of our addresses a datagram came.
    let controls: UnsafeMutableRawPointer
    static let controlStride = 64
    private let backEnd: IOBackEnd

    public init() {
        self.init(backEnd: .preferred)
    }

    package init(backEnd: IOBackEnd) {
        self.backEnd = backEnd
        let capacity = ReceiveBatch.capacity
        buffers = .allocate(byteCount: capacity * ReceiveBatch.datagramSize, alignment: 64)
        messages = .allocate(capacity: capacity)
        vectors = .allocate(capacity: capacity)
        addresses = .allocate(capacity: capacity)
        controls = .allocate(byteCount: capacity * ReceiveBatch.controlStride, alignment: 16)
        for index in 0..<capacity {
            (addresses + index).initialize(to: SocketAddress())
            (vectors + index).initialize(
                to: iovec(
                    iov_base: buffers + index * ReceiveBatch.datagramSize, iov_len: ReceiveBatch.datagramSize))
            var header = msghdr()
            header.msg_name = UnsafeMutableRawPointer(addresses + index)
            header.msg_iov = vectors + index
            header.msg_iovlen = 1
            (messages + index).initialize(to: csockets_message(header: header, length: 0))
        }
    }

    deinit {
        buffers.deallocate()
        messages.deallocate()
        vectors.deallocate()
        addresses.deallocate()
        controls.deallocate()
    }

    /// Takes what waits in the socket, at most `capacity` datagrams; returns how many, 0 when nothing waits.
    public mutating func receive(from socket: borrowing UDPSocket) -> Int {
        switch backEnd {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .linux: receiveTogether(from: socket)
        #endif
        case .portable: receiveOneByOne(from: socket)
        }
    }

    /// The bytes of datagram `index` of the last `receive`; may be changed in place, valid until the next one.
    @inline(__always)
    public func datagram(_ index: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: buffers + index * ReceiveBatch.datagramSize, count: Int(messages[index].length))
    }

    /// Who sent datagram `index`.
    @inline(__always)
    public func source(_ index: Int) -> SocketEndpoint? {
        addresses[index].endpoint
    }

    /// To which address of ours datagram `index` came; `unspecified` where the socket was not asked to tell.
    @inline(__always)
    public func local(_ index: Int) -> SocketEndpoint {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            guard messages[index].header.msg_control != nil else { return .unspecified }
            var high: UInt64 = 0
            var low: UInt64 = 0
            switch csockets_local_address(&messages[index].header, &high, &low) {
            case 4: return SocketEndpoint(ipv4: UInt32(truncatingIfNeeded: low), port: 0)
            case 6: return SocketEndpoint(ipv6High: high, low: low, port: 0)
            default: return .unspecified
            }
        #else
            return .unspecified
        #endif
    }
}
