internal import CSockets
public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// A system call that failed: which one, and the kernel's reason.
public struct SystemError: Error, CustomStringConvertible {
    public let call: String
    public let number: Int32

    public init(_ call: String, errno number: Int32) {
        self.call = call
        self.number = number
    }

    /// The error that the calling thread's last system call left.
    init(_ call: String) {
        self.init(call, errno: errno)
    }

    public var description: String {
        "\(call): \(String(cString: strerror(number)))"
    }
}

/// A non-blocking, unconnected UDP socket, closed when its owner lets go of it.
public struct UDPSocket: ~Copyable {
    public let descriptor: Int32
    public let isIPv6: Bool
    /// The address it is bound to, with the port that the kernel chose when 0 was asked for.
    public let local: SocketEndpoint
    /// Whether the kernel says of each datagram to which of our addresses it came.
    let tellsLocalAddresses: Bool

    /// Kernel buffer asked for in each direction: about 25 ms of a full 10 Gbit/s link.
    public static let bufferSize: Int32 = 8 << 20
    /// Where asking for less and less ends: about what systems give unasked.
    static let smallestBufferSize: Int32 = 128 << 10

    /// Binds to a literal address; `::` takes IPv4 too. Throws `SystemError`, for example when the port is taken.
    /// - Parameter tellsLocalAddresses: Whether ``ReceiveBatch/local(_:)`` shall know to which of our addresses a datagram
    ///   came (IP_PKTINFO; RFC 3542 §6). A socket that is bound to one address needs no telling, and only the Linux back
    ///   end can.
    public init(bindingTo endpoint: SocketEndpoint, tellsLocalAddresses: Bool = false) throws(SystemError) {
        let family = endpoint.isIPv6 ? AF_INET6 : AF_INET
        let descriptor = csockets_datagram_socket(family)
        guard descriptor >= 0 else { throw SystemError("socket") }
        var off: Int32 = 0
        if endpoint.isIPv6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
        }
        for option in [SO_RCVBUF, SO_SNDBUF] {
            // Linux gives what it can; Apple systems refuse what is too much and change nothing.
            var size = UDPSocket.bufferSize
            while setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size)) != 0,
                size > UDPSocket.smallestBufferSize
            {
                size /= 2
            }
        }
        var address = SocketAddress(endpoint, onIPv6Socket: endpoint.isIPv6)
        let bound = withUnsafePointer(to: &address.storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, address.length) }
        }
        guard bound == 0 else {
            let error = SystemError("bind \(endpoint)")
            close(descriptor)
            throw error
        }
        withUnsafeMutablePointer(to: &address.storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &address.length)
            }
        }
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            self.tellsLocalAddresses =
                tellsLocalAddresses && endpoint.isUnspecified
                && csockets_tell_local_addresses(descriptor, endpoint.isIPv6 ? 1 : 0) == 0
        #else
            self.tellsLocalAddresses = false
        #endif
        self.descriptor = descriptor
        self.isIPv6 = endpoint.isIPv6
        self.local = address.endpoint ?? endpoint
    }

    deinit {
        close(descriptor)
    }
}
