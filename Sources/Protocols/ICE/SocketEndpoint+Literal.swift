public import ProtocolCore

extension SocketEndpoint {
    /// Reads a literal address as candidates carry it: a dotted quad, or IPv6 in any form of RFC 4291 §2.2.
    ///
    /// Nil for anything else: names are not resolved, and zones (`%eth0`) are not addresses that a peer could use. An
    /// IPv4-mapped IPv6 address gives the IPv4 one.
    public init?(literal text: String, port: UInt16) {
        guard text.utf8.count <= 45 else { return nil }
        if let address = Self.quad(text.utf8[...]) {
            self.init(ipv4: address, port: port)
            return
        }
        guard let groups = Self.groups(text.utf8[...]) else { return nil }
        let halves = [groups[0..<4], groups[4..<8]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        if halves[0] == 0, halves[1] >> 32 == 0xffff {
            self.init(ipv4: UInt32(truncatingIfNeeded: halves[1]), port: port)
        } else {
            self.init(ipv6High: halves[0], low: halves[1], port: port)
        }
    }

    private static func quad(_ text: Substring.UTF8View) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = UInt8(Substring(part))
            else { return nil }
            address = address << 8 | UInt32(value)
        }
        return address
    }

    /// The eight groups of an IPv6 address, with `::` filled up.
    private static func groups(_ text: Substring.UTF8View) -> [UInt16]? {
        let bytes = Array(text)
        let colon = UInt8(ascii: ":")
        let gap = bytes.indices.dropLast().first { bytes[$0] == colon && bytes[$0 + 1] == colon }
        guard let gap else {
            guard let all = list(bytes[...]), all.count == 8 else { return nil }
            return all
        }
        guard let head = list(bytes[..<gap]), let tail = list(bytes[(gap + 2)...]), head.count + tail.count < 8 else {
            return nil
        }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// Groups between single colons, the last of which may be a dotted quad in place of two.
    private static func list(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (position, part) in parts.enumerated() {
            let text = String(decoding: part, as: UTF8.self)
            if position == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let address = quad(text.utf8[...]) else { return nil }
                groups += [UInt16(truncatingIfNeeded: address >> 16), UInt16(truncatingIfNeeded: address)]
            } else {
                let isSign = part.first == UInt8(ascii: "+")
                guard (1...4).contains(part.count), !isSign, let group = UInt16(text, radix: 16) else { return nil }
                groups.append(group)
            }
        }
        return groups.count <= 8 ? groups : nil
    }
}
