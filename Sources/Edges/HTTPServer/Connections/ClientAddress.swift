import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// An IP address, without a port. IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) are the IPv4 address.
struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    /// In the order of the network; an IPv4 address is in the last 32 bits.
    let high: UInt64
    let low: UInt64
    let isIPv6: Bool

    /// Reads `192.0.2.1` or `2001:db8::1`; a zone (`%eth0`) is ignored.
    init?(_ text: some StringProtocol) {
        let text = String(text.prefix { $0 != "%" })
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            high = 0
            low = UInt64(UInt32(bigEndian: four.s_addr))
            isIPv6 = false
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let bytes = withUnsafeBytes(of: six) { Array($0) }
            let high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
            let low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
            let isMapped = high == 0 && low >> 32 == 0xFFFF
            self.high = high
            self.low = isMapped ? low & 0xFFFF_FFFF : low
            isIPv6 = !isMapped
        } else {
            return nil
        }
    }

    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        self.init(text)
    }

    private init(high: UInt64, low: UInt64, isIPv6: Bool) {
        self.high = high
        self.low = low
        self.isIPv6 = isIPv6
    }

    /// What one customer of a provider has: an IPv4 address, or a /64 of IPv6, in which a machine chooses addresses as
    /// it likes (RFC 4291 section 2.5.1).
    var household: ClientAddress {
        isIPv6 ? ClientAddress(high: high, low: 0, isIPv6: true) : self
    }

    var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        var bytes = [UInt8](repeating: 0, count: 16)
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
            bytes[index + 8] = UInt8(truncatingIfNeeded: low >> UInt64(56 - 8 * index))
        }
        if !isIPv6 { bytes.removeFirst(12) }
        guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "?" }
        let end = buffer.firstIndex(of: 0) ?? buffer.endIndex
        return String(decoding: buffer[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Addresses that begin alike.
struct AddressBlock: Hashable, Sendable {
    let base: ClientAddress
    /// How many leading bits all addresses share.
    let prefixLength: Int

    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = parts.first.flatMap({ ClientAddress($0) }) else { return nil }
        let whole = base.isIPv6 ? 128 : 32
        var length = whole
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...(parts[0].contains(":") ? 128 : 32)).contains(given) else {
                return nil
            }
            // A block of IPv4-mapped addresses has the 96 bits before them.
            length = base.isIPv6 || !parts[0].contains(":") ? given : max(given - 96, 0)
        }
        self.base = base
        prefixLength = length
    }

    func contains(_ address: ClientAddress) -> Bool {
        guard address.isIPv6 == base.isIPv6 else { return false }
        if !base.isIPv6 { return Self.agree(address.low << 32, base.low << 32, bits: prefixLength) }
        return Self.agree(address.high, base.high, bits: min(prefixLength, 64))
            && Self.agree(address.low, base.low, bits: max(prefixLength - 64, 0))
    }

    private static func agree(_ left: UInt64, _ right: UInt64, bits: Int) -> Bool {
        bits == 0 || (left ^ right) >> UInt64(64 - bits) == 0
    }
}
