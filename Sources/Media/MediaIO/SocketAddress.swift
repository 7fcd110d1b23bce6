internal import CSockets
public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// Room for an IPv4 or IPv6 socket address, as the kernel wants it.
struct SocketAddress {
    /// `sockaddr_in6` is the larger of the two; an IPv4 address is written over its beginning.
    var storage: sockaddr_in6
    var length: socklen_t

    init() {
        storage = sockaddr_in6()
        length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    }

    /// The address in the form that a socket of the given family needs: an IPv4 endpoint on an IPv6 socket is mapped.
    init(_ endpoint: SocketEndpoint, onIPv6Socket: Bool) {
        self.init()
        if endpoint.isIPv6 || onIPv6Socket {
            storage.sin6_family = sa_family_t(AF_INET6)
            storage.sin6_port = endpoint.port.bigEndian
            let high = endpoint.high.bigEndian
            let low = (endpoint.isIPv6 ? endpoint.low : 0xffff_0000_0000 | endpoint.low).bigEndian
            withUnsafeMutableBytes(of: &storage.sin6_addr) {
                $0.storeBytes(of: high, as: UInt64.self)
                $0.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
            }
        } else {
            let address = UInt32(truncatingIfNeeded: endpoint.low).bigEndian
            // The family is at the same place in both kinds of address, on Apple systems behind the length.
            storage.sin6_family = sa_family_t(AF_INET)
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: endpoint.port.bigEndian, toByteOffset: 2, as: UInt16.self)
                $0.storeBytes(of: address, toByteOffset: 4, as: UInt32.self)
            }
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
        }
        #if canImport(Darwin)
            storage.sin6_len = UInt8(length)
        #endif
    }

    /// The endpoint that the kernel wrote here, an IPv4-mapped one as IPv4; nil for another address family.
    var endpoint: SocketEndpoint? {
        withUnsafeBytes(of: storage) { bytes in
            let port = UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
            switch Int32(storage.sin6_family) {
            case AF_INET:
                return SocketEndpoint(
                    ipv4: UInt32(bigEndian: bytes.load(fromByteOffset: 4, as: UInt32.self)), port: port)
            case AF_INET6:
                let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                if high == 0, low >> 32 == 0xffff {
                    return SocketEndpoint(ipv4: UInt32(truncatingIfNeeded: low), port: port)
                }
                return SocketEndpoint(ipv6High: high, low: low, port: port)
            default:
                return nil
            }
        }
    }
}

extension SocketEndpoint {
    /// Parses a literal IPv4 or IPv6 address; nil for anything else (names are not resolved).
    public init?(address text: String, port: UInt16) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(ipv4: UInt32(bigEndian: four.s_addr), port: port)
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let (high, low) = withUnsafeBytes(of: six) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(ipv6High: high, low: low, port: port)
        } else {
            return nil
        }
    }

    /// The literal addresses of this machine's running interfaces, loopback last; link-local ones are left out.
    public static func interfaceAddresses() -> [SocketEndpoint] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [SocketEndpoint] = []
        var loopback: [SocketEndpoint] = []
        var next = list
        while let current = next {
            next = current.pointee.ifa_next
            guard let address = current.pointee.ifa_addr, current.pointee.ifa_flags & UInt32(IFF_UP) != 0
            else { continue }
            var socketAddress = SocketAddress()
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            withUnsafeMutableBytes(of: &socketAddress.storage) {
                $0.copyMemory(from: .init(start: address, count: size))
            }
            guard var endpoint = socketAddress.endpoint else { continue }
            endpoint.port = 0
            if endpoint.isIPv6, endpoint.high >> 48 == 0xfe80 { continue }
            if current.pointee.ifa_flags & UInt32(IFF_LOOPBACK) != 0 {
                loopback.append(endpoint)
            } else {
                addresses.append(endpoint)
            }
        }
        return addresses + loopback
    }
}
