public import ProtocolCore

/// Typed reads of single attributes. Each is nil when the attribute is absent, malformed, or behind MESSAGE-INTEGRITY.
extension STUNMessage {
    /// USERNAME; in ICE `receiver's ufrag:sender's ufrag` (RFC 8445 §7.2.2).
    public var username: String? {
        text(.username, maximumLength: 513)
    }

    /// SOFTWARE: what the sender calls itself; for logs.
    public var software: String? {
        text(.software, maximumLength: 763)
    }

    /// PRIORITY: what the sender's candidate would be worth as a peer-reflexive one (RFC 8445 §7.1.1).
    public var priority: UInt32? {
        guard let value = attribute(.priority), value.length == 4 else { return nil }
        return try? bytes.span.bytes.uint32(at: value.valueOffset)
    }

    /// USE-CANDIDATE: the sender nominates the pair this message came on (RFC 8445 §7.1.2).
    public var usesCandidate: Bool {
        attribute(.useCandidate) != nil
    }

    /// The tie-breaker in ICE-CONTROLLING (RFC 8445 §7.1.3).
    public var iceControlling: UInt64? {
        tieBreaker(.iceControlling)
    }

    /// The tie-breaker in ICE-CONTROLLED (RFC 8445 §7.1.3).
    public var iceControlled: UInt64? {
        tieBreaker(.iceControlled)
    }

    /// XOR-MAPPED-ADDRESS: the address the responder saw (RFC 8489 §14.2).
    public var xorMappedAddress: SocketEndpoint? {
        guard let value = attribute(.xorMappedAddress) else { return nil }
        return try? Self.xorMappedAddress(
            in: bytes.span.bytes, at: value.valueOffset, length: value.length, transactionID: transactionID)
    }

    /// ERROR-CODE: a number from 300 to 699 and a sentence (RFC 8489 §14.8).
    public var error: (code: Int, reason: String)? {
        guard let value = attribute(.errorCode), value.length >= 4, value.length <= 767,
            let hundreds = try? bytes.span.bytes.uint8(at: value.valueOffset + 2),
            let rest = try? bytes.span.bytes.uint8(at: value.valueOffset + 3),
            let reason = try? bytes.span.bytes.array(at: value.valueOffset + 4, count: value.length - 4)
        else { return nil }
        let code = Int(hundreds & 7) * 100 + Int(rest)
        guard (300...699).contains(code), rest < 100, let sentence = String(validating: reason, as: UTF8.self)
        else { return nil }
        return (code, sentence)
    }

    /// UNKNOWN-ATTRIBUTES: which attributes of a request its receiver did not know (RFC 8489 §14.9).
    public var unknownAttributes: [UInt16]? {
        guard let value = attribute(.unknownAttributes), value.length % 2 == 0 else { return nil }
        var types: [UInt16] = []
        for offset in stride(from: value.valueOffset, to: value.valueOffset + value.length, by: 2) {
            guard let type = try? bytes.span.bytes.uint16(at: offset) else { return nil }
            types.append(type)
        }
        return types
    }

    private func text(_ type: STUNAttributeType, maximumLength: Int) -> String? {
        guard let value = attribute(type), value.length <= maximumLength,
            let content = try? bytes.span.bytes.array(at: value.valueOffset, count: value.length)
        else { return nil }
        return String(validating: content, as: UTF8.self)
    }

    private func tieBreaker(_ type: STUNAttributeType) -> UInt64? {
        guard let value = attribute(type), value.length == 8 else { return nil }
        return try? bytes.span.bytes.uint64(at: value.valueOffset)
    }

    private static func xorMappedAddress(
        in bytes: RawSpan, at offset: Int, length: Int, transactionID: TransactionID
    ) throws(ParseError) -> SocketEndpoint {
        let family = try bytes.uint8(at: offset &+ 1)
        let port = try bytes.uint16(at: offset &+ 2) ^ UInt16(truncatingIfNeeded: magicCookie >> 16)
        switch (family, length) {
        case (1, 8):
            return SocketEndpoint(ipv4: try bytes.uint32(at: offset &+ 4) ^ magicCookie, port: port)
        case (2, 20):
            let high = try bytes.uint64(at: offset &+ 4)
            let low = try bytes.uint64(at: offset &+ 12)
            return SocketEndpoint(
                ipv6High: high ^ transactionID.addressMask, low: low ^ transactionID.low, port: port)
        default:
            throw .malformed("address family")
        }
    }
}

extension STUNMessage.TransactionID {
    /// What the first half of an IPv6 address is combined with: cookie and first 32 bits (RFC 8489 §14.2).
    var addressMask: UInt64 {
        UInt64(STUNMessage.magicCookie) << 32 | UInt64(high)
    }
}
