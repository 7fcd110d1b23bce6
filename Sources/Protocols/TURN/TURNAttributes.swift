package import ProtocolCore
package import STUN

/// Where the attributes of a message lie, of those that count: the first of each type but XOR-PEER-ADDRESS, which may
/// come several times, and none behind MESSAGE-INTEGRITY.
///
/// The message must have been read by `STUNMessage` before; what does not fit its structure is left out here.
package struct TURNAttributes {
    private var ranges: [STUNAttributeType: Range<Int>] = [:]
    private var peerRanges: [Range<Int>] = []
    /// Whether the last attribute is FINGERPRINT.
    package private(set) var endsWithFingerprint = false

    package init(of datagram: RawSpan) {
        var offset = 20
        var isProtected = true
        while let type = try? datagram.uint16(at: offset), let length = try? datagram.uint16(at: offset &+ 2) {
            let type = STUNAttributeType(rawValue: type)
            let start = offset &+ 4
            let end = start &+ Int(length)
            guard end <= datagram.byteCount else { return }
            endsWithFingerprint = type == .fingerprint
            if isProtected, type == .xorPeerAddress {
                peerRanges.append(start..<end)
            } else if isProtected, ranges[type] == nil {
                ranges[type] = start..<end
            }
            if type == .messageIntegrity { isProtected = false }
            offset = (end &+ 3) & ~3
        }
    }

    package subscript(_ type: STUNAttributeType) -> Range<Int>? {
        ranges[type]
    }

    /// The text of an attribute; nil when it is absent, too long or not UTF-8.
    package func text(_ type: STUNAttributeType, in datagram: RawSpan, maximumLength: Int = 763) -> String? {
        guard let range = ranges[type], range.count <= maximumLength,
            let bytes = try? datagram.array(at: range.lowerBound, count: range.count)
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// LIFETIME in seconds (RFC 8656 §18.2).
    package func lifetime(in datagram: RawSpan) -> UInt32? {
        guard let range = ranges[.lifetime], range.count == 4 else { return nil }
        return try? datagram.uint32(at: range.lowerBound)
    }

    /// The first byte of an attribute of four: what is asked for in REQUESTED-TRANSPORT and REQUESTED-ADDRESS-FAMILY.
    package func leadingByte(_ type: STUNAttributeType, in datagram: RawSpan) -> UInt8? {
        guard let range = ranges[type], range.count == 4 else { return nil }
        return try? datagram.uint8(at: range.lowerBound)
    }

    /// The number in CHANNEL-NUMBER, whether allowed or not (RFC 8656 §18.1).
    package func channelNumber(in datagram: RawSpan) -> UInt16? {
        guard let range = ranges[.channelNumber], range.count == 4 else { return nil }
        return try? datagram.uint16(at: range.lowerBound)
    }

    /// All peers that are named, nil when there is none or one of them cannot be read (RFC 8656 §18.3).
    package func peers(in datagram: RawSpan) -> [SocketEndpoint]? {
        guard !peerRanges.isEmpty else { return nil }
        var peers: [SocketEndpoint] = []
        for range in peerRanges {
            guard let peer = try? XORAddress.read(datagram, in: range) else { return nil }
            peers.append(peer)
        }
        return peers
    }

    /// The address in an attribute such as XOR-RELAYED-ADDRESS.
    package func address(_ type: STUNAttributeType, in datagram: RawSpan) -> SocketEndpoint? {
        guard let range = type == .xorPeerAddress ? peerRanges.first : ranges[type] else { return nil }
        return try? XORAddress.read(datagram, in: range)
    }
}

/// Addresses combined with the cookie and the transaction, in the form of XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
package enum XORAddress {
    private static let portMask = UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16)

    static func read(_ datagram: RawSpan, in range: Range<Int>) throws(ParseError) -> SocketEndpoint {
        let offset = range.lowerBound
        let family = try datagram.uint8(at: offset &+ 1)
        let port = try datagram.uint16(at: offset &+ 2) ^ portMask
        switch (family, range.count) {
        case (1, 8):
            return SocketEndpoint(ipv4: try datagram.uint32(at: offset &+ 4) ^ STUNMessage.magicCookie, port: port)
        case (2, 20):
            // The mask is what the header holds from the cookie on.
            return SocketEndpoint(
                ipv6High: try datagram.uint64(at: offset &+ 4) ^ datagram.uint64(at: 4),
                low: try datagram.uint64(at: offset &+ 12) ^ datagram.uint64(at: 12), port: port)
        default:
            throw .malformed("address family")
        }
    }

    package static func write(_ endpoint: SocketEndpoint, for transaction: STUNMessage.TransactionID) -> [UInt8] {
        var value: [UInt8] = [0, endpoint.isIPv6 ? 2 : 1]
        value.append(bigEndian: endpoint.port ^ portMask)
        if endpoint.isIPv6 {
            value.append(bigEndian: endpoint.high ^ (UInt64(STUNMessage.magicCookie) << 32 | UInt64(transaction.high)))
            value.append(bigEndian: endpoint.low ^ transaction.low)
        } else {
            value.append(bigEndian: UInt32(truncatingIfNeeded: endpoint.low) ^ STUNMessage.magicCookie)
        }
        return value
    }
}
