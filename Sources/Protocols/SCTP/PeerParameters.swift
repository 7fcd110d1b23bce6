internal import ProtocolCore

/// What an end says about itself in INIT or INIT ACK (RFC 9260 §3.3.2).
struct PeerParameters: Hashable, Sendable {
    var tag: UInt32
    var window: UInt32
    var outgoingStreams: UInt16
    var incomingStreams: UInt16
    var initialTSN: TransmissionSequenceNumber
    var supportsForwardTSN: Bool
    var supportsReconfiguration: Bool

    init(_ chunk: InitiationChunk) {
        tag = chunk.tag
        window = chunk.window
        outgoingStreams = chunk.outgoingStreams
        incomingStreams = chunk.incomingStreams
        initialTSN = chunk.initialTSN
        supportsForwardTSN = chunk.supportsForwardTSN
        supportsReconfiguration = chunk.supportsReconfiguration
    }
}

/// The cookie that we gave to a peer. DTLS has authenticated the peer, so what it stands for may be kept here rather than
/// inside it; what comes back still has to be the same (RFC 9260 §5.1.3).
struct OfferedCookie: Hashable, Sendable {
    var bytes: [UInt8]
    var peer: PeerParameters
    var offeredAt: Instant
}

/// A packet of control chunks that waits to be sent.
struct ControlPacket: Hashable, Sendable {
    var tag: UInt32
    var chunks: [UInt8]
}
