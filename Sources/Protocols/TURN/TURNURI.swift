/// Where a TURN server is, as `turn:` and `turns:` URIs say it (RFC 7065).
public struct TURNURI: Hashable, Sendable, CustomStringConvertible {
    /// A name, or a literal address without brackets.
    public let host: String
    public let port: UInt16
    public let transport: TURNClient.Transport

    /// Longer URIs are not read; names have 253 characters at most.
    private static let maximumLength = 300

    /// Reads `turn:host`, `turn:host:port`, `turns:…`, each with or without `?transport=udp` or `tcp`.
    ///
    /// Without a port it is 3478, or 5349 over TLS. Nil for anything else, and for TURN over DTLS (`turns:` over UDP),
    /// which is not spoken here.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return nil
        }
        let lowercased = text.lowercased()
        let isSecure = lowercased.hasPrefix("turns:")
        guard isSecure || lowercased.hasPrefix("turn:") else { return nil }
        let rest = text.utf8.dropFirst(isSecure ? 6 : 5)
        let parts = rest.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let authority = parts.first else { return nil }
        switch (isSecure, parts.count > 1 ? String(Substring(parts[1])).lowercased() : nil) {
        case (false, nil), (false, "transport=udp"): transport = .udp
        case (false, "transport=tcp"): transport = .tcp
        case (true, nil), (true, "transport=tcp"): transport = .tls
        default: return nil
        }
        let name: Substring.UTF8View
        let digits: Substring.UTF8View?
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.first == UInt8(ascii: ":") else { return nil }
            digits = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
            name = authority[..<colon]
            digits = authority[authority.index(after: colon)...]
        } else {
            name = authority
            digits = nil
        }
        guard !name.isEmpty, !name.contains(where: { "/@[]".utf8.contains($0) }) else { return nil }
        host = String(Substring(name))
        if let digits {
            guard digits.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(Substring(digits)), port > 0
            else { return nil }
            self.port = port
        } else {
            port = isSecure ? 5349 : 3478
        }
    }

    public var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let scheme = transport == .tls ? "turns" : "turn"
        return "\(scheme):\(name):\(port)?transport=\(transport == .udp ? "udp" : "tcp")"
    }
}
