/// The host of a URL with its port where one is given (RFC 3986 section 3.2), in lower case; of an `Origin` or `Host`.
struct HostAndPort: Equatable {
    /// A name or an address; an IPv6 address is in brackets.
    var host: String
    var port: Int?

    /// nil for what is no host: with a user, spaces, other delimiters, an empty or impossible port.
    init?(_ text: some StringProtocol) {
        var rest = text[...]
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            let address = rest[rest.index(after: rest.startIndex)..<end]
            guard ClientAddress(address) != nil, !address.contains("%"), address.contains(":") else { return nil }
            host = "[\(address.lowercased())]"
            rest = rest[rest.index(after: end)...]
        } else {
            let name = rest.prefix { $0 != ":" }
            guard name.utf8.allSatisfy(Self.isHostByte) else { return nil }
            host = name.lowercased()
            rest = rest[name.endIndex...]
        }
        guard !rest.isEmpty else { return }
        guard rest.hasPrefix(":") else { return nil }
        let digits = rest.dropFirst()
        // RFC 3986 lets a port be empty.
        guard !digits.isEmpty else { return }
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), port <= 65535 else {
            return nil
        }
        self.port = port
    }

    /// What may stand in a registered name: unreserved characters, percent-encoding and sub-delimiters but the comma,
    /// which nothing is called and which would make two hosts look like one.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%!$&'()*+;=".utf8.contains(byte)
        }
    }

    /// The port that a URL of the scheme without one means.
    static func defaultPort(of scheme: some StringProtocol) -> Int? {
        switch scheme.lowercased() {
        case "https", "wss": 443
        case "http", "ws": 80
        default: nil
        }
    }
}
