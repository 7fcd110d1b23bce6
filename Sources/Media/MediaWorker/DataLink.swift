internal import Congestion
internal import DataChannels
internal import ProtocolCore
internal import SCTP
internal import SDP

/// The data channels of one peer, and how much it may send.
struct DataLink {
    /// What one participant may send in all; beyond that its messages wait where they are.
    static let rate = Bitrate.kilobits(500)
    /// What an idle sender may send at once: two of the largest messages.
    static let burst = 2 * DataEnvelope.largestPayload

    var transport: DataChannelTransport
    /// The channel of each kind that the peer has opened.
    var channels: [DataChannelKind: ChannelID] = [:]
    /// Whether the peer is told what became of each of its durable messages.
    var wantsReceipts = false
    /// In bytes; below zero when more came than was due.
    private var allowance = Double(DataLink.burst)
    private var lastUpdate: Instant
    // What is asked for at every turn, so that the transport need not be looked into.
    private(set) var hasDataToSend = false
    /// When it is to be looked after by time; nil when nothing is due.
    private(set) var due: Instant?

    /// - Parameter seed: Random.
    init(_ line: NegotiatedDataLine, isDTLSServer: Bool, seed: UInt64, now: Instant) {
        var association = SCTPConfiguration(seed: seed)
        association.localPort = DataLine.port
        association.remotePort = line.remotePort
        association.largestIncomingMessage = DataLine.maximumMessageSize
        association.largestOutgoingMessage = min(line.remoteMaximumMessageSize, DataLine.maximumMessageSize)
        transport = DataChannelTransport(
            DataChannelConfiguration(role: isDTLSServer ? .server : .client, association: association))
        lastUpdate = now
        transport.connect(now: now)
    }

    /// Which kind a channel is.
    func kind(of channel: ChannelID) -> DataChannelKind? {
        channels.first { $0.value == channel }?.key
    }

    /// Whether the peer's next message may be taken.
    mutating func mayTake(now: Instant) -> Bool {
        allowance = min(
            allowance + Double(DataLink.rate.bytes(in: now - lastUpdate)), Double(DataLink.burst))
        lastUpdate = now
        return allowance >= 0
    }

    /// Whether the peer has sent more than its rate lets through, so that the rest waits at its end.
    var isHeldBack: Bool { allowance < 0 }

    mutating func took(_ bytes: Int) {
        allowance -= Double(bytes)
    }

    /// What the peer sent beyond what its association and its channels may hold.
    var refusedChunks: UInt64 {
        let association = transport.associationCounters
        let refused =
            association.outOfWindowChunks + association.invalidStreams + association.droppedReplies
            + transport.counters.refusedChannels + transport.counters.malformedMessages
        return UInt64(clamping: refused)
    }

    /// Notes what is due after a change.
    mutating func settle(now: Instant) {
        hasDataToSend = transport.hasDataToSend
        due = transport.deadline
        guard allowance < 0 else { return }
        let open = now + DataLink.rate.time(for: Int(-allowance) + 1)
        due = min(due ?? open, open)
    }
}
