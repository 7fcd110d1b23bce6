public import ProtocolCore

/// One frame at the beginning of the bytes of a stream.
public struct StreamFrame: Hashable, Sendable {
    /// Where the message itself lies.
    public let content: Range<Int>
    /// How many bytes the frame takes, with its header and padding.
    public let length: Int
}

/// TURN over TCP and TLS: messages follow one another and say their lengths themselves (RFC 8656 §3.1, §12.5).
public enum TURNStreamFraming {
    /// A longer message ends the connection. Media packets have 1 500 bytes at most.
    public static let maximumLength = 4_096

    /// Whether a stream that begins so is TURN: no request of HTTP begins with a byte below 0x40.
    public enum Recognition: Sendable {
        case turn
        case somethingElse
        /// More bytes are needed to say it.
        case undecided
    }

    /// Looks at the beginning of a stream: the first message of a client is a STUN request with the magic cookie.
    public static func recognize(_ bytes: RawSpan) -> Recognition {
        guard let first = try? bytes.uint8(at: 0) else { return .undecided }
        guard first < 0x40 else { return .somethingElse }
        guard let cookie = try? bytes.uint32(at: 4) else { return .undecided }
        return cookie == 0x2112_a442 ? .turn : .somethingElse
    }

    /// The frame with which the bytes begin, nil while some of it is missing.
    /// - Throws: When the bytes cannot be the beginning of a message, or of one that is too long.
    public static func firstFrame(in bytes: RawSpan) throws(ParseError) -> StreamFrame? {
        guard bytes.byteCount >= 4 else { return nil }
        let first = try bytes.uint8(at: 0)
        let length = Int(try bytes.uint16(at: 2))
        let content: Int
        switch first {
        case 0x00...0x3f:
            guard length % 4 == 0 else { throw .malformed("message length") }
            content = length &+ 20
        case 0x40...0x4f: content = length &+ 4
        default: throw .malformed("first byte")
        }
        guard content <= maximumLength else { throw .limitExceeded("message length") }
        let padded = (content &+ 3) & ~3
        guard bytes.byteCount >= padded else { return nil }
        return StreamFrame(content: 0..<content, length: padded)
    }
}

/// Packets over a TCP connection of ICE: each behind its length in two bytes (RFC 4571 §2; RFC 6544 §3).
public enum StreamPacketFraming {
    /// A longer packet ends the connection.
    public static let maximumLength = 4_096
    public static let headerLength = 2

    /// The frame with which the bytes begin, nil while some of it is missing. A packet may be empty.
    public static func firstFrame(in bytes: RawSpan) throws(ParseError) -> StreamFrame? {
        guard bytes.byteCount >= headerLength else { return nil }
        let length = Int(try bytes.uint16(at: 0))
        guard length <= maximumLength else { throw .limitExceeded("packet length") }
        guard bytes.byteCount >= headerLength &+ length else { return nil }
        return StreamFrame(content: headerLength..<headerLength &+ length, length: headerLength &+ length)
    }
}
