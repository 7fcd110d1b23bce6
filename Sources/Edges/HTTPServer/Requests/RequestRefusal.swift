import NIOCore
import NIOHTTP1

/// The answer to a request that is no valid HTTP, or asks for what this server does not do. The connection ends with it.
struct RequestRefusal: Error, Equatable {
    var status: HTTPResponseStatus
    /// A stable word for programs.
    var code: String
    /// A sentence for a person.
    var message: String
    var headers: [Header] = []

    struct Header: Equatable {
        var name: String
        var value: String
    }

    static func badRequest(_ message: String) -> RequestRefusal {
        RequestRefusal(status: .badRequest, code: "MalformedRequest", message: message)
    }

    /// A version of the WebSocket protocol other than 13 (RFC 6455 section 4.2.2).
    static let webSocketVersion = RequestRefusal(
        status: .upgradeRequired, code: "WebSocketVersionNotSupported",
        message: "This server speaks version 13 of the WebSocket protocol (RFC 6455).",
        headers: [
            Header(name: "Sec-WebSocket-Version", value: "13"), Header(name: "Upgrade", value: "websocket"),
        ])

    /// The answer in the form in which the service contract writes refusals.
    var body: String {
        #"{"error":{"code":"\#(code)","message":"\#(message)"}}"#
    }

    /// The head of the answer.
    var head: HTTPResponseHead {
        var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
        fields.add(name: "Connection", value: headers.contains { $0.name == "Upgrade" } ? "Upgrade, close" : "close")
        fields.add(name: "Content-Type", value: "application/json; charset=utf-8")
        fields.add(name: "Content-Length", value: String(body.utf8.count))
        return HTTPResponseHead(version: .http1_1, status: status, headers: fields)
    }
}
