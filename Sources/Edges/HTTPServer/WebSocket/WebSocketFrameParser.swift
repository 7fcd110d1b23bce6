/// What a frame is (RFC 6455 section 5.2). The other values are reserved.
enum WebSocketOpcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    /// Control frames may stand between the fragments of a message, and have at most 125 bytes (section 5.5).
    var isControl: Bool { rawValue >= 8 }
}

/// Why a connection has to be failed: the code and the reason of the close frame that says so (RFC 6455 section 7.4).
struct WebSocketViolation: Error, Equatable {
    var code: UInt16
    var reason: String

    /// What a client may not do by RFC 6455.
    static func protocolError(_ reason: String) -> WebSocketViolation { WebSocketViolation(code: 1002, reason: reason) }

    /// A message with more bytes than are taken.
    static func tooLarge(limit: Int) -> WebSocketViolation {
        WebSocketViolation(code: 1009, reason: "a message may have at most \(limit) bytes")
    }

    var isTooLarge: Bool { code == 1009 }
}

/// A frame from a client, with its mask removed.
struct ClientFrame: Equatable {
    var opcode: WebSocketOpcode
    /// Whether this is the last fragment of its message.
    var isFinal: Bool
    var payload: [UInt8]
}

/// Cuts the bytes of a client into frames (RFC 6455 section 5.2). It takes any cut of the input, and refuses a frame by
/// its head, before its payload has come.
struct WebSocketFrameParser {
    /// The largest payload of a data frame, in bytes. May change between two frames.
    var largestPayload: Int
    private var bytes: [UInt8] = []
    private var start = 0

    init(largestPayload: Int) {
        self.largestPayload = largestPayload
    }

    /// How many bytes wait for the rest of their frame.
    var waitingBytes: Int { bytes.count - start }

    /// Takes the next bytes of the connection.
    mutating func append(_ more: some Collection<UInt8>) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
            start = 0
        } else if start > Self.keptCapacity {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// A buffer of this size is kept for the next frame; a larger one is given back.
    private static let keptCapacity = 8 * 1024

    private struct Head {
        var opcode: WebSocketOpcode
        var isFinal: Bool
        /// Of the head itself, with the mask.
        var length: Int
        var payloadLength: Int
    }

    /// The next whole frame; nil when more bytes are needed.
    mutating func next() throws(WebSocketViolation) -> ClientFrame? {
        guard let head = try head(), waitingBytes >= head.length + head.payloadLength else { return nil }
        let maskStart = start + head.length - 4
        let payloadStart = start + head.length
        let mask = (bytes[maskStart], bytes[maskStart + 1], bytes[maskStart + 2], bytes[maskStart + 3])
        let payload = [UInt8](unsafeUninitializedCapacity: head.payloadLength) { target, count in
            bytes.withUnsafeBufferPointer { source in
                for index in 0..<head.payloadLength {
                    let part =
                        switch index & 3 {
                        case 0: mask.0
                        case 1: mask.1
                        case 2: mask.2
                        default: mask.3
                        }
                    target[index] = source[payloadStart + index] ^ part
                }
            }
            count = head.payloadLength
        }
        start = payloadStart + head.payloadLength
        return ClientFrame(opcode: head.opcode, isFinal: head.isFinal, payload: payload)
    }

    private func head() throws(WebSocketViolation) -> Head? {
        guard waitingBytes >= 2 else { return nil }
        let (first, second) = (bytes[start], bytes[start + 1])
        guard first & 0x70 == 0 else {
            throw .protocolError("a reserved bit is set, and no extension was agreed")
        }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw .protocolError("the opcode \(first & 0x0F) is reserved")
        }
        let isFinal = first & 0x80 != 0
        guard second & 0x80 != 0 else { throw .protocolError("a client has to mask its frames") }
        let shortLength = Int(second & 0x7F)
        if opcode.isControl {
            guard isFinal else { throw .protocolError("a control frame may not be fragmented") }
            guard shortLength <= 125 else { throw .protocolError("a control frame has at most 125 bytes") }
        }
        guard opcode != .binary else {
            throw WebSocketViolation(code: 1003, reason: "only text messages are taken")
        }
        let extendedBytes = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0
        guard waitingBytes >= 2 + extendedBytes else { return nil }
        var length = UInt64(shortLength)
        if extendedBytes > 0 {
            length = 0
            for byte in bytes[(start + 2)..<(start + 2 + extendedBytes)] { length = length << 8 | UInt64(byte) }
            let isShortest = length > (extendedBytes == 2 ? 125 : 65535)
            guard isShortest, length <= UInt64(Int64.max) else {
                throw .protocolError("a length is not written in its shortest form")
            }
        }
        guard length <= UInt64(max(largestPayload, 125)) else { throw .tooLarge(limit: largestPayload) }
        let headLength = 2 + extendedBytes + 4
        guard waitingBytes >= headLength else { return nil }
        return Head(opcode: opcode, isFinal: isFinal, length: headLength, payloadLength: Int(length))
    }
}
