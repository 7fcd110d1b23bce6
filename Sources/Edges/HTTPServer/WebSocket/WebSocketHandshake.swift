import Crypto
import Foundation
import NIOHTTP1

/// What a request that asks for a WebSocket connection gets (RFC 6455 section 4.2).
enum WebSocketHandshake: Equatable {
    /// It asks for no WebSocket connection, and is answered as any other request (RFC 9110 section 7.8).
    case none
    /// It is taken, with this value of Sec-WebSocket-Accept.
    case accept(String)
    case refuse(RequestRefusal)

    init(_ head: HTTPRequestHead) {
        let asks =
            head.method == .GET && !head.isHTTP10
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
        guard asks else {
            self = .none
            return
        }
        guard head.headers["sec-websocket-version"] == ["13"] else {
            self = .refuse(.webSocketVersion)
            return
        }
        let keys = head.headers["sec-websocket-key"]
        guard keys.count == 1, let key = keys.first, Data(base64Encoded: key)?.count == 16 else {
            self = .refuse(
                .badRequest("Sec-WebSocket-Key has to be there once, with 16 bytes in base64."))
            return
        }
        self = .accept(Self.answer(to: key))
    }

    /// The value of Sec-WebSocket-Accept (RFC 6455 section 4.2.2).
    static func answer(to key: String) -> String {
        let magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        return Data(Insecure.SHA1.hash(data: Array((key + magic).utf8))).base64EncodedString()
    }
}
