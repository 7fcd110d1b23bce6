/// An IP address and UDP or TCP port, as a value: what protocol cores use instead of `sockaddr`.
///
/// IPv4 addresses are kept in the low 32 bits; IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) should be turned into
/// IPv4 by the driver so that one peer has one name.
public struct SocketEndpoint: Hashable, Sendable {
    /// High 64 bits of an IPv6 address in host order; 0 for IPv4.
    public var high: UInt64
    /// Low 64 bits of an IPv6 address in host order; for IPv4 the address in host order.
    public var low: UInt64
    public var port: UInt16
    public var isIPv6: Bool

    @inlinable
    public init(ipv4 address: UInt32, port: UInt16) {
        high = 0
        low = UInt64(address)
        self.port = port
        isIPv6 = false
    }

    @inlinable
    public init(ipv6High high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
        isIPv6 = true
    }

    /// `127.0.0.1` and the given port.
    public static func loopback(port: UInt16) -> SocketEndpoint {
        SocketEndpoint(ipv4: 0x7f00_0001, port: port)
    }
}

extension SocketEndpoint: CustomStringConvertible {
    /// The address without its port: dotted quad, or eight hexadecimal groups.
    public var address: String {
        if !isIPv6 {
            return [24, 16, 8, 0].map { String((low >> UInt64($0)) & 0xff) }.joined(separator: ".")
        }
        let groups = [high >> 48, high >> 32, high >> 16, high, low >> 48, low >> 32, low >> 16, low]
        return groups.map { String($0 & 0xffff, radix: 16) }.joined(separator: ":")
    }

    public var description: String {
        isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

extension SocketEndpoint {
    /// Whether it is an address of the machine itself: 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        isIPv6 ? high == 0 && low == 1 : low >> 24 == 127
    }
}
