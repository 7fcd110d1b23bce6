public import ProtocolCore

/// A block of addresses, such as `203.0.113.0/24`.
public struct AddressRange: Hashable, Sendable {
    /// An address of the block; the port is of no matter.
    public let base: SocketEndpoint
    /// How many leading bits all addresses share: 0...32 for IPv4, 0...128 for IPv6.
    public let prefixLength: Int

    /// nil when the length is out of range.
    public init?(_ base: SocketEndpoint, prefixLength: Int) {
        guard (0...(base.isIPv6 ? 128 : 32)).contains(prefixLength) else { return nil }
        self.base = base
        self.prefixLength = prefixLength
    }

    public func contains(_ endpoint: SocketEndpoint) -> Bool {
        guard endpoint.isIPv6 == base.isIPv6 else { return false }
        if !base.isIPv6 { return Self.agree(endpoint.low << 32, base.low << 32, bits: prefixLength) }
        return Self.agree(endpoint.high, base.high, bits: min(prefixLength, 64))
            && Self.agree(endpoint.low, base.low, bits: max(prefixLength - 64, 0))
    }

    private static func agree(_ left: UInt64, _ right: UInt64, bits: Int) -> Bool {
        bits == 0 || (left ^ right) >> UInt64(64 - bits) == 0
    }
}

/// Whom clients may reach through the relay. A relay that reaches everybody is a way into the network behind it.
public struct TURNPeerPolicy: Sendable {
    /// Our own media ports: under which address and port clients know them, and where they are reached from here.
    public let mediaPorts: [SocketEndpoint: SocketEndpoint]
    /// Further addresses, all their ports included.
    public let ranges: [AddressRange]
    private let mediaAddresses: Set<SocketEndpoint>

    public init(mediaPorts: [SocketEndpoint: SocketEndpoint], ranges: [AddressRange] = []) {
        self.mediaPorts = mediaPorts
        self.ranges = ranges
        mediaAddresses = Set(mediaPorts.keys.map(\.withoutPort))
    }

    /// Whether a permission for the address makes sense: permissions know no ports (RFC 8656 §9).
    func allowsPermission(for peer: SocketEndpoint) -> Bool {
        mediaAddresses.contains(peer.withoutPort) || isInRange(peer)
    }

    /// Where to send what is for this peer; nil when it must not be reached.
    func target(of peer: SocketEndpoint) -> SocketEndpoint? {
        if let target = mediaPorts[peer] { return target }
        return peer.port != 0 && isInRange(peer) ? peer : nil
    }

    private func isInRange(_ peer: SocketEndpoint) -> Bool {
        !ranges.isEmpty && !Self.isNeverAllowed(peer) && ranges.contains { $0.contains(peer) }
    }

    /// Addresses that name this machine or its link, and forms of IPv4 addresses that would get past the ranges.
    private static func isNeverAllowed(_ peer: SocketEndpoint) -> Bool {
        if peer.isLoopback { return true }
        if !peer.isIPv6 {
            let first = peer.low >> 24
            return first == 0 || first >= 224 || peer.low >> 16 == 0xa9fe  // 169.254.0.0/16
        }
        return peer.high == 0  // unspecified, IPv4-mapped and IPv4-compatible
            || peer.high >> 56 == 0xff || peer.high >> 54 == 0xfe80 >> 6  // multicast, link-local
            || peer.high == 0x0064_ff9b_0000_0000  // NAT64
            || peer.high >> 48 == 0x2002  // 6to4
    }
}

extension SocketEndpoint {
    /// The address alone, with port 0.
    var withoutPort: SocketEndpoint {
        var address = self
        address.port = 0
        return address
    }
}
