/// What a client has said, put together from its frames.
enum WebSocketEvent: Equatable {
    /// A fragment of a message that goes on.
    case fragment
    /// A whole text message.
    case text(String)
    case ping([UInt8])
    case pong
    /// The client closes; nil when it gives no code.
    case close(code: UInt16?)
}

/// Reads a client's side of a WebSocket connection: frames, fragments and the rules of close frames.
///
/// After an error it must not be used any more.
struct WebSocketReader {
    /// How many fragments a message may have. Without a bound, empty ones would cost time and never end.
    static let fragmentLimit = 1024

    private var parser: WebSocketFrameParser
    private var messageBytes: Int
    /// The fragments of the message that has begun.
    private var message: [UInt8] = []
    /// How many of them there are; 0 between messages.
    private var fragments = 0

    init(messageBytes: Int) {
        self.messageBytes = messageBytes
        parser = WebSocketFrameParser(largestPayload: messageBytes)
    }

    /// Sets the largest message, for those that are not complete yet too.
    mutating func setLimit(messageBytes: Int) {
        self.messageBytes = messageBytes
        parser.largestPayload = messageBytes - message.count
    }

    /// How many bytes are kept until their message is complete.
    var waitingBytes: Int { parser.waitingBytes + message.count }

    mutating func append(_ bytes: some Collection<UInt8>) { parser.append(bytes) }

    /// The next thing that the client says; nil when more bytes are needed.
    mutating func next() throws(WebSocketViolation) -> WebSocketEvent? {
        let frame: ClientFrame
        do throws(WebSocketViolation) {
            guard let next = try parser.next() else { return nil }
            frame = next
        } catch {
            // The parser knows what is left for this fragment; the client is told what a message may have.
            throw error.isTooLarge ? .tooLarge(limit: messageBytes) : error
        }
        switch frame.opcode {
        case .ping: return .ping(frame.payload)
        case .pong: return .pong
        case .close: return .close(code: try Self.closeCode(frame.payload))
        case .binary: throw WebSocketViolation(code: 1003, reason: "only text messages are taken")
        case .text:
            guard fragments == 0 else { throw .protocolError("a message begins within another") }
        case .continuation:
            guard fragments > 0 else { throw .protocolError("a fragment goes on with no message") }
        }
        return try take(frame)
    }

    private mutating func take(_ frame: ClientFrame) throws(WebSocketViolation) -> WebSocketEvent {
        guard frame.payload.count <= messageBytes - message.count else { throw .tooLarge(limit: messageBytes) }
        fragments += 1
        guard frame.isFinal else {
            guard fragments < Self.fragmentLimit else {
                throw WebSocketViolation(code: 1009, reason: "a message has at most \(Self.fragmentLimit) fragments")
            }
            message.append(contentsOf: frame.payload)
            parser.largestPayload = messageBytes - message.count
            return .fragment
        }
        let bytes = message.isEmpty ? frame.payload : message + frame.payload
        message = []
        fragments = 0
        parser.largestPayload = messageBytes
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WebSocketViolation(code: 1007, reason: "a text message is not UTF-8")
        }
        return .text(text)
    }

    /// The code of a close frame (RFC 6455 sections 5.5.1 and 7.4).
    private static func closeCode(_ payload: [UInt8]) throws(WebSocketViolation) -> UInt16? {
        guard payload.count != 1 else { throw .protocolError("a close frame has no byte or at least two") }
        guard payload.count >= 2 else { return nil }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .protocolError("\(code) is no code for a close frame")
        }
        guard String(validating: payload[2...], as: UTF8.self) != nil else {
            throw WebSocketViolation(code: 1007, reason: "the reason of a close frame is not UTF-8")
        }
        return code
    }
}
