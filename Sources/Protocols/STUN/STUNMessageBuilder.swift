internal import Cryptography
public import ProtocolCore

/// Writes one STUN message (RFC 8489 §5): attributes in the order they are added, then integrity and fingerprint.
public struct STUNMessageBuilder {
    private let transactionID: STUNMessage.TransactionID
    private var bytes: [UInt8] = []

    public init(
        _ messageClass: STUNMessage.Class, _ method: STUNMessage.Method = .binding,
        transactionID: STUNMessage.TransactionID
    ) {
        self.transactionID = transactionID
        let classBits = UInt16(messageClass.rawValue)
        let methodBits = method.rawValue
        let type =
            methodBits & 0xf | (methodBits & 0x70) << 1 | (methodBits & 0xf80) << 2
            | (classBits & 1) << 4 | (classBits & 2) << 7
        bytes.reserveCapacity(128)
        bytes.append(bigEndian: type)
        bytes.append(bigEndian: UInt16(0))
        bytes.append(bigEndian: STUNMessage.magicCookie)
        bytes.append(bigEndian: transactionID.high)
        bytes.append(bigEndian: transactionID.low)
    }

    /// A success response to a request.
    public init(successTo request: STUNMessage) {
        self.init(.successResponse, request.method, transactionID: request.transactionID)
    }

    /// An error response to a request.
    /// - Parameters:
    ///   - code: 300...699.
    ///   - reason: A sentence for people, at most 509 bytes.
    public init(error code: Int, reason: String, to request: STUNMessage) {
        self.init(.errorResponse, request.method, transactionID: request.transactionID)
        add(error: code, reason: reason)
    }

    public mutating func add(username: String) {
        add(.username, Array(username.utf8))
    }

    public mutating func add(software: String) {
        add(.software, Array(software.utf8))
    }

    public mutating func add(priority: UInt32) {
        var value: [UInt8] = []
        value.append(bigEndian: priority)
        add(.priority, value)
    }

    public mutating func addUseCandidate() {
        add(.useCandidate, [])
    }

    public mutating func add(iceControlling tieBreaker: UInt64) {
        var value: [UInt8] = []
        value.append(bigEndian: tieBreaker)
        add(.iceControlling, value)
    }

    public mutating func add(iceControlled tieBreaker: UInt64) {
        var value: [UInt8] = []
        value.append(bigEndian: tieBreaker)
        add(.iceControlled, value)
    }

    public mutating func add(xorMappedAddress endpoint: SocketEndpoint) {
        var value: [UInt8] = [0, endpoint.isIPv6 ? 2 : 1]
        value.append(bigEndian: endpoint.port ^ UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16))
        if endpoint.isIPv6 {
            value.append(bigEndian: endpoint.high ^ transactionID.addressMask)
            value.append(bigEndian: endpoint.low ^ transactionID.low)
        } else {
            value.append(bigEndian: UInt32(truncatingIfNeeded: endpoint.low) ^ STUNMessage.magicCookie)
        }
        add(.xorMappedAddress, value)
    }

    public mutating func add(error code: Int, reason: String) {
        let value: [UInt8] = [
            0, 0, UInt8(truncatingIfNeeded: code / 100) & 7, UInt8(truncatingIfNeeded: code % 100),
        ]
        add(.errorCode, value + Array(reason.utf8.prefix(509)))
    }

    public mutating func add(unknownAttributes types: [UInt16]) {
        var value: [UInt8] = []
        types.forEach { value.append(bigEndian: $0) }
        add(.unknownAttributes, value)
    }

    /// Adds any attribute; a value longer than 65 535 bytes is cut.
    public mutating func add(_ type: STUNAttributeType, _ value: [UInt8]) {
        let value = value.prefix(0xffff)
        bytes.append(bigEndian: type.rawValue)
        bytes.append(bigEndian: UInt16(truncatingIfNeeded: value.count))
        bytes += value
        bytes += repeatElement(0, count: (4 - value.count % 4) % 4)
    }

    /// The finished message, always with FINGERPRINT.
    /// - Parameter integrityKey: The password's UTF-8 bytes for MESSAGE-INTEGRITY; nil leaves it out, as in error
    ///   responses to a sender whose password is unknown (RFC 8489 §9.1.3).
    public consuming func finish(integrityKey: [UInt8]?) -> [UInt8] {
        if let integrityKey {
            // Both sums are made over a header whose length already counts their own attribute.
            writeLength(adding: 24)
            add(.messageIntegrity, hmacSHA1(key: integrityKey, bytes.span.bytes))
        }
        writeLength(adding: 8)
        var value: [UInt8] = []
        value.append(bigEndian: CRC32.checksum(bytes.span.bytes) ^ CRC32.stunMask)
        add(.fingerprint, value)
        return bytes
    }

    private mutating func writeLength(adding attributeLength: Int) {
        let length = UInt16(truncatingIfNeeded: bytes.count - STUNMessage.headerLength + attributeLength)
        bytes[2] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[3] = UInt8(truncatingIfNeeded: length)
    }
}
