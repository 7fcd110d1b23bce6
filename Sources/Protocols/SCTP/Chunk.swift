/// One chunk of a packet that came in, read and checked by itself.
enum Chunk: Hashable, Sendable {
    case data(DataChunk)
    case initiation(InitiationChunk)
    case initiationAcknowledgement(InitiationChunk)
    case selectiveAcknowledgement(SelectiveAcknowledgement)
    case heartbeat(information: [UInt8])
    case heartbeatAcknowledgement(information: [UInt8])
    /// `isReflected` is the T bit: the verification tag is that of the receiver's own packets.
    case abort(isReflected: Bool, cause: UInt16?)
    case shutdown(cumulative: TransmissionSequenceNumber)
    case shutdownAcknowledgement
    case error(causes: [UInt16])
    case cookieEcho([UInt8])
    case cookieAcknowledgement
    case shutdownComplete(isReflected: Bool)
    case forwardTSN(ForwardTSN)
    case reconfiguration([ReconfigurationParameter])
    /// A type we do not know, with all its bytes.
    case unknown(ChunkType, [UInt8])
}

/// DATA (RFC 9260 §3.3.1).
struct DataChunk: Hashable, Sendable {
    /// The lower four bits of the chunk's flags.
    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt8

        static let end = Flags(rawValue: 1)
        static let beginning = Flags(rawValue: 2)
        static let unordered = Flags(rawValue: 4)
        /// The sender wants its acknowledgement at once (RFC 7053).
        static let immediate = Flags(rawValue: 8)
    }

    static let headerSize = 16

    var flags: Flags
    var tsn: TransmissionSequenceNumber
    var stream: StreamIdentifier
    var sequence: StreamSequenceNumber
    var payloadProtocol: PayloadProtocolIdentifier
    var bytes: [UInt8]
}

/// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3).
struct InitiationChunk: Hashable, Sendable {
    /// What tags all packets to the sender of this chunk.
    var tag: UInt32
    var window: UInt32
    var outgoingStreams: UInt16
    var incomingStreams: UInt16
    var initialTSN: TransmissionSequenceNumber
    var cookie: [UInt8]?
    var supportsForwardTSN = false
    var supportsReconfiguration = false
    /// Parameters that are to be reported, with their headers.
    var unrecognized: [[UInt8]] = []
}

/// SACK (RFC 9260 §3.3.4).
struct SelectiveAcknowledgement: Hashable, Sendable {
    /// A run of chunks beyond the first missing one, as distances from `cumulative`, both inclusive.
    struct Block: Hashable, Sendable {
        var start: Int
        var end: Int
    }

    var cumulative: TransmissionSequenceNumber
    var window: UInt32
    var blocks: [Block]
    var duplicates: [TransmissionSequenceNumber]
}

/// FORWARD TSN (RFC 3758 §3.2).
struct ForwardTSN: Hashable, Sendable {
    struct Skip: Hashable, Sendable {
        var stream: StreamIdentifier
        var sequence: StreamSequenceNumber
    }

    var cumulative: TransmissionSequenceNumber
    var skips: [Skip]
}

/// A parameter of RE-CONFIG (RFC 6525 §4).
enum ReconfigurationParameter: Hashable, Sendable {
    case outgoingReset(
        request: UInt32, response: UInt32, lastTSN: TransmissionSequenceNumber, streams: [StreamIdentifier])
    case incomingReset(request: UInt32, streams: [StreamIdentifier])
    case response(request: UInt32, result: ReconfigurationResult)
    /// A request for something that is never granted: a reset of the whole association, more streams.
    case otherRequest(request: UInt32)
}

/// The answer to a request for reconfiguration (RFC 6525 §4.4).
struct ReconfigurationResult: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    static let nothingToDo = ReconfigurationResult(rawValue: 0)
    static let performed = ReconfigurationResult(rawValue: 1)
    static let denied = ReconfigurationResult(rawValue: 2)
    static let wrongSequenceNumber = ReconfigurationResult(rawValue: 3)
    static let requestInProgress = ReconfigurationResult(rawValue: 4)
    static let badSequenceNumber = ReconfigurationResult(rawValue: 5)
    static let inProgress = ReconfigurationResult(rawValue: 6)
}
