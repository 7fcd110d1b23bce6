internal import Cryptography
public import ProtocolCore

/// A STUN message (RFC 8489 §5) as it came from the network: header, attributes and the means to check them.
///
/// Parsing checks the structure alone. Whether the message is genuine say ``hasValidFingerprint`` and
/// ``hasValidIntegrity(key:)``; until then every value in it is a claim of an unknown sender.
public struct STUNMessage: Sendable {
    /// The kind of a message (RFC 8489 §5).
    public enum Class: UInt8, Sendable {
        case request = 0
        case indication = 1
        case successResponse = 2
        case errorResponse = 3
    }

    /// What a request asks for; ICE knows only ``binding``.
    public struct Method: RawRepresentable, Hashable, Sendable {
        /// 12 bits.
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue & 0x0fff
        }

        /// Asks under which address the sender is seen (RFC 8489 §3).
        public static let binding = Method(rawValue: 0x001)
    }

    /// The 96 random bits that tie a response to its request.
    public struct TransactionID: Hashable, Sendable {
        /// The first 32 bits.
        public let high: UInt32
        /// The last 64 bits.
        public let low: UInt64

        public init(high: UInt32, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    /// The fixed value in bytes 4...7 of every message.
    public static let magicCookie: UInt32 = 0x2112_a442
    /// More attributes than this make a message unreadable. The longest ICE request has eight.
    public static let maximumAttributeCount = 32
    static let headerLength = 20

    public let messageClass: Class
    public let method: Method
    public let transactionID: TransactionID
    let bytes: [UInt8]
    let attributes: [Attribute]

    /// Where one attribute lies in ``bytes``.
    struct Attribute {
        let type: STUNAttributeType
        /// Offset of the four bytes of type and length.
        let offset: Int
        /// Length of the value, without padding.
        let length: Int

        var valueOffset: Int { offset + 4 }
    }

    /// Whether the bytes may be STUN, by the first one (RFC 7983 §7); tells it from DTLS and RTP on one port.
    @inlinable
    public static func isSTUN(firstByte: UInt8) -> Bool {
        firstByte < 4
    }

    /// Whether the bytes look like a STUN message: first byte, room for a header, and the magic cookie.
    public static func isSTUN(_ datagram: RawSpan) -> Bool {
        guard datagram.byteCount >= headerLength,
            let first = try? datagram.uint8(at: 0), let cookie = try? datagram.uint32(at: 4)
        else { return false }
        return isSTUN(firstByte: first) && cookie == magicCookie
    }

    /// Reads one message that fills the datagram exactly.
    public init(parsing datagram: RawSpan) throws(ParseError) {
        let type = try datagram.uint16(at: 0)
        let length = Int(try datagram.uint16(at: 2))
        guard type & 0xc000 == 0 else { throw .malformed("message type") }
        guard try datagram.uint32(at: 4) == Self.magicCookie else { throw .malformed("magic cookie") }
        let high = try datagram.uint32(at: 8)
        let low = try datagram.uint64(at: 12)
        guard length % 4 == 0 else { throw .malformed("message length") }
        let present = datagram.byteCount &- Self.headerLength
        guard present >= length else { throw .truncated }
        guard present == length else { throw .malformed("message length") }

        // The two class bits sit between the method bits (RFC 8489 figure 3).
        let classBits = UInt8(truncatingIfNeeded: (type >> 4) & 1 | (type >> 7) & 2)
        guard let messageClass = Class(rawValue: classBits) else { throw .malformed("message type") }
        self.messageClass = messageClass
        method = Method(rawValue: type & 0xf | (type >> 1) & 0x70 | (type >> 2) & 0xf80)
        transactionID = TransactionID(high: high, low: low)
        attributes = try Self.attributes(of: datagram)
        bytes = try datagram.array(at: 0, count: datagram.byteCount)
    }

    private static func attributes(of datagram: RawSpan) throws(ParseError) -> [Attribute] {
        var found: [Attribute] = []
        var offset = headerLength
        while offset < datagram.byteCount {
            guard found.count < maximumAttributeCount else { throw .limitExceeded("attributes") }
            let type = try datagram.uint16(at: offset)
            let length = Int(try datagram.uint16(at: offset &+ 2))
            let padded = (length &+ 3) & ~3
            guard datagram.byteCount &- offset &- 4 >= padded else { throw .truncated }
            found.append(Attribute(type: STUNAttributeType(rawValue: type), offset: offset, length: length))
            offset &+= 4 &+ padded
        }
        return found
    }
}

extension STUNMessage {
    /// Whether FINGERPRINT is there, is the last attribute and fits the bytes (RFC 8489 §14.7).
    public var hasValidFingerprint: Bool {
        guard let last = attributes.last, last.type == .fingerprint, last.length == 4,
            let claimed = try? bytes.span.bytes.uint32(at: last.valueOffset)
        else { return false }
        return CRC32.checksum(bytes.span.bytes.extracting(first: last.offset)) ^ CRC32.stunMask == claimed
    }

    /// Whether the message carries MESSAGE-INTEGRITY at all.
    public var hasIntegrity: Bool {
        attributes.contains { $0.type == .messageIntegrity }
    }

    /// Whether MESSAGE-INTEGRITY is there and was made with this key (RFC 8489 §14.5).
    /// - Parameter key: With short-term credentials, as in ICE: the password's UTF-8 bytes.
    public func hasValidIntegrity(key: [UInt8]) -> Bool {
        guard let integrity = attributes.first(where: { $0.type == .messageIntegrity }), integrity.length == 20,
            let claimed = try? bytes.span.bytes.array(at: integrity.valueOffset, count: 20)
        else { return false }
        // The sum covers what comes before the attribute, with a length field as if the message ended behind it.
        var covered = Array(bytes.prefix(integrity.offset))
        let patched = UInt16(truncatingIfNeeded: integrity.offset + 24 - Self.headerLength)
        covered[2] = UInt8(truncatingIfNeeded: patched >> 8)
        covered[3] = UInt8(truncatingIfNeeded: patched)
        let expected = hmacSHA1(key: key, covered.span.bytes)
        return constantTimeEquals(expected, claimed)
    }

    /// The attribute of a type that counts: the first one, and not behind MESSAGE-INTEGRITY, because anybody could
    /// have put it there (RFC 8489 §14.5).
    func attribute(_ type: STUNAttributeType) -> Attribute? {
        for attribute in attributes {
            if attribute.type == type { return attribute }
            if attribute.type == .messageIntegrity { return nil }
        }
        return nil
    }

    /// The types below 0x8000 that we do not know: a request with any of them must be answered with error 420
    /// (RFC 8489 §6.3.1). Those behind MESSAGE-INTEGRITY do not count.
    public var unknownRequiredAttributes: [UInt16] {
        var unknown: [UInt16] = []
        for attribute in attributes {
            if attribute.type == .messageIntegrity { break }
            if attribute.type.isComprehensionRequired, !attribute.type.isKnown {
                unknown.append(attribute.type.rawValue)
            }
        }
        return unknown
    }
}
