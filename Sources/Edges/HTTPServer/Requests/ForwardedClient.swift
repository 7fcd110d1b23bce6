import NIOHTTP1

/// Who a client is, as far as the connection and the proxies on the way tell (RFC 7239, and the older `X-Forwarded-…`).
///
/// A proxy appends the address from which a request came to it. So the list is read from its end, over the addresses
/// that are trusted themselves: the first other one is the client, and what stands before it anybody may have written.
struct ForwardedClient: Equatable {
    /// The client's address; nil when a proxy keeps it to itself.
    var address: ClientAddress?
    /// Its port, where it is known.
    var port: Int?
    /// `http` or `https`, where a trusted proxy says it.
    var scheme: String?
    /// The host, with its port where it has one, that the client asked for; nil where no trusted proxy says it.
    var host: String?

    /// The address and the port, for logs.
    var description: String {
        guard let address else { return "unknown" }
        let text = address.isIPv6 ? "[\(address)]" : "\(address)"
        return port.map { "\(text):\($0)" } ?? text
    }

    /// The client of a connection, with no proxy between.
    init(peer: ClientAddress?, port: Int?) {
        address = peer
        self.port = port
    }

    /// - Parameters:
    ///   - peer: Whom the connection is from. Only a trusted one's headers count.
    init(peer: ClientAddress?, port: Int?, headers: HTTPHeaders, trusting proxies: TrustedProxies) {
        self.init(peer: peer, port: port)
        guard let peer, proxies.contains(peer) else { return }
        // Nearly all proxies write the older headers and let through what a client wrote as the newer one.
        let older = Self.list(headers["x-forwarded-for"])
        let newer = Self.elements(of: headers["forwarded"])
        if older.isEmpty, !newer.isEmpty {
            let chosen = follow(newer.map { $0["for"] ?? "unknown" }, trusting: proxies)
            scheme = Self.scheme(newer[chosen]["proto"])
            host = newer[chosen]["host"].flatMap { HostAndPort($0) == nil ? nil : $0 }
            return
        }
        let chosen = older.isEmpty ? 0 : older.count - 1 - follow(older, trusting: proxies)
        scheme = Self.scheme(Self.fromEnd(chosen, of: Self.list(headers["x-forwarded-proto"])))
        let port = Self.fromEnd(chosen, of: Self.list(headers["x-forwarded-port"])).flatMap { UInt16($0) }
        if let name = Self.fromEnd(chosen, of: Self.list(headers["x-forwarded-host"])), let named = HostAndPort(name) {
            host = port.map { named.port == nil ? "\(named.host):\($0)" : name } ?? name
        }
    }

    /// Takes over the client's address from the list of those on the way, and gives back its place.
    private mutating func follow(_ nodes: [String], trusting proxies: TrustedProxies) -> Int {
        for index in nodes.indices.reversed() {
            let node = Self.node(nodes[index])
            address = node?.address
            port = node?.port
            guard let address, proxies.contains(address) else { return index }
        }
        return 0
    }

    /// The element so many places before the end, or the first one of a shorter list.
    private static func fromEnd(_ distance: Int, of list: [String]) -> String? {
        list.isEmpty ? nil : list[max(list.count - 1 - distance, 0)]
    }

    private static func scheme(_ text: String?) -> String? {
        switch text?.lowercased() {
        case "https", "wss": "https"
        case "http", "ws": "http"
        default: nil
        }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`; nil for `unknown` and
    /// for names that hide an address.
    static func node(_ text: String) -> (address: ClientAddress, port: Int?)? {
        if let address = ClientAddress(text) { return (address, nil) }
        guard let named = HostAndPort(text) else { return nil }
        let bare = named.host.hasPrefix("[") ? String(named.host.dropFirst().dropLast()) : named.host
        return ClientAddress(bare).map { ($0, named.port) }
    }

    private static func list(_ lines: [String]) -> [String] {
        lines.flatMap { $0.split(separator: ",") }.map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }

    /// The elements of `Forwarded` (RFC 7239 section 4), each as its pairs with names in lower case.
    static func elements(of lines: [String]) -> [[String: String]] {
        var elements: [[String: String]] = []
        for line in lines {
            for element in split(line, at: ",") {
                var pairs: [String: String] = [:]
                for pair in split(element, at: ";") {
                    guard let equals = pair.firstIndex(of: "=") else { continue }
                    let name = trimmed(pair[..<equals]).lowercased()
                    pairs[name] = unquoted(trimmed(pair[pair.index(after: equals)...]))
                }
                if !pairs.isEmpty { elements.append(pairs) }
            }
        }
        return elements
    }

    /// Cuts a header at a separator that stands outside quotes.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if character == separator, !isQuoted {
                parts.append(part)
                part = ""
                continue
            }
            part.append(character)
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            }
        }
        return parts + [part]
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        var result = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
