internal import Glibc
internal import MediaIO
internal import MediaVocabulary
internal import NIOCore
internal import ProtocolCore

/// The layouts of `sockaddr_in` and `sockaddr_in6`: family and port in the first four bytes, then the address at once,
/// or behind the flow label.
extension SocketAddress {
    /// The address as protocol cores know it, an IPv4-mapped one as IPv4; nil for a path.
    var endpoint: SocketEndpoint? {
        switch self {
        case .v4(let address):
            return withUnsafeBytes(of: address.address) { bytes in
                SocketEndpoint(
                    ipv4: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
                    port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            }
        case .v6(let address):
            return withUnsafeBytes(of: address.address) { bytes in
                let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
                let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                if high == 0, low >> 32 == 0xffff {
                    return SocketEndpoint(ipv4: UInt32(truncatingIfNeeded: low), port: port)
                }
                return SocketEndpoint(ipv6High: high, low: low, port: port)
            }
        case .unixDomainSocket:
            return nil
        }
    }

    /// The address for a socket of a family: on an IPv6 socket an IPv4 endpoint is mapped.
    init(_ endpoint: SocketEndpoint, onIPv6Socket: Bool = false) {
        if endpoint.isIPv6 || onIPv6Socket {
            let low = endpoint.isIPv6 ? endpoint.low : 0xffff_0000_0000 | endpoint.low
            self.init(
                Self.filled(as: sockaddr_in6.self) {
                    $0.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
                    $0.storeBytes(of: endpoint.port.bigEndian, toByteOffset: 2, as: UInt16.self)
                    $0.storeBytes(of: endpoint.high.bigEndian, toByteOffset: 8, as: UInt64.self)
                    $0.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
                })
        } else {
            self.init(
                Self.filled(as: sockaddr_in.self) {
                    $0.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
                    $0.storeBytes(of: endpoint.port.bigEndian, toByteOffset: 2, as: UInt16.self)
                    $0.storeBytes(
                        of: UInt32(truncatingIfNeeded: endpoint.low).bigEndian, toByteOffset: 4, as: UInt32.self)
                })
        }
    }

    /// A structure of C that is all zero but for what `fill` writes.
    private static func filled<Structure>(
        as type: Structure.Type, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Structure {
        withUnsafeTemporaryAllocation(
            byteCount: MemoryLayout<Structure>.size, alignment: MemoryLayout<Structure>.alignment
        ) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            fill(bytes)
            return bytes.load(as: type)
        }
    }
}

extension RelayMeter {
    /// Tells the media workers on whose behalf a socket was opened, until it is closed.
    func note(_ transport: MediaTransport, _ socket: any Channel) {
        guard let address = socket.localAddress?.endpoint else { return }
        ports.note(transport, at: address)
        socket.closeFuture.whenComplete { [ports] _ in ports.forget(address) }
    }
}
