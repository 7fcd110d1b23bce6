/// The type of a chunk (RFC 9260 §3.2; RFC 3758 §3.2; RFC 6525 §3.1).
struct ChunkType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8

    static let data = ChunkType(rawValue: 0)
    static let initiation = ChunkType(rawValue: 1)
    static let initiationAcknowledgement = ChunkType(rawValue: 2)
    static let selectiveAcknowledgement = ChunkType(rawValue: 3)
    static let heartbeat = ChunkType(rawValue: 4)
    static let heartbeatAcknowledgement = ChunkType(rawValue: 5)
    static let abort = ChunkType(rawValue: 6)
    static let shutdown = ChunkType(rawValue: 7)
    static let shutdownAcknowledgement = ChunkType(rawValue: 8)
    static let error = ChunkType(rawValue: 9)
    static let cookieEcho = ChunkType(rawValue: 10)
    static let cookieAcknowledgement = ChunkType(rawValue: 11)
    static let shutdownComplete = ChunkType(rawValue: 14)
    static let reconfiguration = ChunkType(rawValue: 130)
    static let forwardTSN = ChunkType(rawValue: 192)
}

/// What a receiver does with a chunk or parameter that it does not know: the upper two bits of its type say it
/// (RFC 9260 §3.2 and §3.2.1).
struct UnknownTypeRule: Hashable, Sendable {
    /// Go on behind it, or leave all that follows alone.
    let skips: Bool
    /// Tell the sender.
    let reports: Bool

    init(upperBits: UInt8) {
        skips = upperBits & 0b10 != 0
        reports = upperBits & 0b01 != 0
    }
}

/// The type of a parameter in INIT, INIT ACK or RE-CONFIG (RFC 9260 §3.3.2; RFC 3758 §3.1; RFC 5061 §4.2.7; RFC 6525 §4).
struct ParameterType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    static let ipv4Address = ParameterType(rawValue: 5)
    static let ipv6Address = ParameterType(rawValue: 6)
    static let stateCookie = ParameterType(rawValue: 7)
    static let unrecognizedParameter = ParameterType(rawValue: 8)
    static let cookiePreservative = ParameterType(rawValue: 9)
    static let supportedAddressTypes = ParameterType(rawValue: 12)
    static let outgoingReset = ParameterType(rawValue: 13)
    static let incomingReset = ParameterType(rawValue: 14)
    static let associationReset = ParameterType(rawValue: 15)
    static let reconfigurationResponse = ParameterType(rawValue: 16)
    static let addOutgoingStreams = ParameterType(rawValue: 17)
    static let addIncomingStreams = ParameterType(rawValue: 18)
    static let supportedExtensions = ParameterType(rawValue: 0x8008)
    static let forwardTSNSupported = ParameterType(rawValue: 0xc000)

    /// What to do with it when it is not known.
    var unknownRule: UnknownTypeRule {
        UnknownTypeRule(upperBits: UInt8(rawValue >> 14))
    }
}

/// The cause in an ERROR or ABORT chunk (RFC 9260 §3.3.10).
enum ErrorCause {
    static let invalidStream: UInt16 = 1
    static let staleCookie: UInt16 = 3
    static let outOfResource: UInt16 = 4
    static let unrecognizedChunk: UInt16 = 6
    static let unrecognizedParameters: UInt16 = 8
    static let noUserData: UInt16 = 9
    static let restartWithNewAddresses: UInt16 = 11
    static let userInitiatedAbort: UInt16 = 12
    static let protocolViolation: UInt16 = 13
}
