import Foundation

/// Which web pages may open a signalling connection. A browser names the page's origin and cannot be made to lie
/// about it; other clients send none and are let through, for they hold a user's token of their own.
public struct OriginPolicy: Sendable {
    private let allowed: Set<String>
    private let allowsAll: Bool

    /// - Parameter allowedOrigins: Origins such as `https://app.example.com`; `*` allows every page. Pages of the
    ///   server itself and of `localhost` are always allowed.
    public init(allowedOrigins: [String]) {
        allowsAll = allowedOrigins.contains("*")
        allowed = Set(
            allowedOrigins.map { origin in
                let lowered = origin.lowercased()
                return lowered.hasSuffix("/") ? String(lowered.dropLast()) : lowered
            })
    }

    /// Whether a request with these headers may go on.
    public func allows(origin: String?, host: String?) -> Bool {
        guard !allowsAll, let origin = origin?.lowercased() else { return true }
        if allowed.contains(origin) { return true }
        guard let schemeEnd = origin.range(of: "://") else { return false }
        let authority = origin[schemeEnd.upperBound...]
        if let host, authority == host.lowercased() { return true }
        return ["localhost", "127.0.0.1", "[::1]"].contains(Self.hostName(of: authority))
    }

    private static func hostName(of authority: Substring) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}
