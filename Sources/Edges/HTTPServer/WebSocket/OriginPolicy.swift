/// Which web pages may open a signalling connection. A browser names the page's origin and cannot be made to lie
/// about it; other clients send none and are let through, for they hold a user's token of their own.
public struct OriginPolicy: Sendable {
    private let allowed: Set<String>
    private let allowsAll: Bool

    /// - Parameter allowedOrigins: Origins such as `https://app.example.com`; `*` allows every page. Pages of the
    ///   server itself and of `localhost` are always allowed.
    public init(allowedOrigins: [String]) {
        allowsAll = allowedOrigins.contains("*")
        allowed = Set(allowedOrigins.map { Origin($0)?.description ?? $0.lowercased() })
    }

    /// Whether a request with these headers may go on. A port that is not given is the scheme's own.
    ///
    /// - Parameter scheme: The scheme by which the client reached the server, where that is known for certain; the
    ///   page's own otherwise.
    public func allows(origin: String?, host: String?, scheme: String? = nil) -> Bool {
        guard !allowsAll, let origin else { return true }
        guard let page = Origin(origin) else { return allowed.contains(origin.lowercased()) }
        if allowed.contains(page.description) { return true }
        if ["localhost", "127.0.0.1", "[::1]"].contains(page.host) { return true }
        guard let host, let server = HostAndPort(host) else { return false }
        let port = server.port ?? HostAndPort.defaultPort(of: scheme ?? page.scheme)
        return server.host == page.host && port == page.port
    }
}

/// A page's origin (RFC 6454): scheme, host and port, the port filled in.
private struct Origin: CustomStringConvertible {
    let scheme: String
    let host: String
    let port: Int?

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return nil }
        scheme = text[..<colon].lowercased()
        var rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        rest = rest.dropFirst(2)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let named = HostAndPort(rest), !named.host.isEmpty else { return nil }
        host = named.host
        port = named.port ?? HostAndPort.defaultPort(of: scheme)
    }

    var description: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }
}
