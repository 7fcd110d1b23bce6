import NIOCore
import NIOHTTP1

/// What a request's head says about its framing and its connection (RFC 9112), checked beyond what the parser checks.
struct RequestRules {
    /// A request that is taken.
    struct Accepted: Equatable {
        /// With the target in origin form and one Host.
        var head: HTTPRequestHead
        /// Whether the connection ends after the answer.
        var closes: Bool
        /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
        var awaitsContinue: Bool
        /// Whether the parser stops after this request, because it names another protocol.
        var stopsParser: Bool

        var isHTTP10: Bool { head.isHTTP10 }
    }

    /// Checks a head.
    static func check(_ head: HTTPRequestHead) throws(RequestRefusal) -> Accepted {
        try checkFraming(head)
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw .badRequest("A request has one Host, not \(hosts.count).") }
        guard hosts.count == 1 || head.isHTTP10 else {
            throw .badRequest("A request has to name its Host (RFC 9112 section 3.2).")
        }
        if let host = hosts.first, HostAndPort(host) == nil {
            throw .badRequest("The Host is neither a name nor an address, with or without a port.")
        }
        var taken = head
        try useOriginForm(&taken)
        let connection = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        let isKept = !head.isHTTP10 || connection.contains("keep-alive")
        let expectations = head.headers[canonicalForm: "expect"].map { $0.lowercased() }
        // RFC 9110 section 10.1.1: an expectation from before HTTP/1.1 is ignored.
        let expects = !head.isHTTP10 && !expectations.isEmpty
        if expects, expectations != ["100-continue"] {
            throw RequestRefusal(
                status: .expectationFailed, code: "ExpectationFailed", message: "Only 100-continue can be expected.")
        }
        return Accepted(
            head: taken, closes: !isKept || connection.contains("close"), awaitsContinue: expects && hasBody(head),
            stopsParser: connection.contains("upgrade") && head.headers.contains(name: "upgrade"))
    }

    /// Whether a body follows the head.
    static func hasBody(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "transfer-encoding") || (head.headers.first(name: "content-length") ?? "0") != "0"
    }

    /// RFC 9112 section 6.1: where it is in doubt where a request ends, another one could be hidden in it.
    private static func checkFraming(_ head: HTTPRequestHead) throws(RequestRefusal) {
        let codings = head.headers["transfer-encoding"]
        let lengths = head.headers["content-length"]
        guard lengths.count <= 1 else { throw .badRequest("A request has one Content-Length.") }
        if let length = lengths.first, !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) || length.isEmpty {
            throw .badRequest("The Content-Length is no number.")
        }
        guard let coding = codings.first else { return }
        guard !head.isHTTP10 else {
            throw .badRequest("HTTP/1.0 has no Transfer-Encoding (RFC 9112 section 6.1).")
        }
        guard lengths.isEmpty else {
            throw .badRequest("A request has a Content-Length or a Transfer-Encoding, not both.")
        }
        guard codings.count == 1, coding.lowercased() == "chunked" else {
            throw RequestRefusal(
                status: .notImplemented, code: "TransferEncodingNotSupported",
                message: "The only Transfer-Encoding taken is chunked, once.")
        }
    }

    /// A target with scheme and host stands for itself, whatever Host says (RFC 9112 section 3.2.2).
    private static func useOriginForm(_ head: inout HTTPRequestHead) throws(RequestRefusal) {
        guard head.method != .CONNECT else {
            throw RequestRefusal(
                status: .notImplemented, code: "ConnectNotSupported", message: "This server is no proxy.")
        }
        if head.uri.hasPrefix("/") { return }
        if head.uri == "*", head.method == .OPTIONS { return }
        guard let colon = head.uri.firstIndex(of: ":"),
            HostAndPort.defaultPort(of: head.uri[..<colon]) != nil, head.uri[colon...].hasPrefix("://")
        else { throw .badRequest("The target of a request is a path or a URL.") }
        let rest = head.uri[colon...].dropFirst(3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let named = HostAndPort(authority), !named.host.isEmpty else {
            throw .badRequest("The target of the request has no valid host.")
        }
        let path = rest[authority.endIndex...]
        head.uri = path.hasPrefix("/") ? String(path) : "/" + path
        head.headers.replaceOrAdd(name: "Host", value: String(authority))
    }
}

extension HTTPRequestHead {
    /// Whether the client speaks a version before 1.1. The parser lets in only those of the first major version.
    var isHTTP10: Bool { version.minor < 1 }
}
