public import ProtocolCore

/// What became of one packet that we sent, as the receiver's feedback tells.
public struct PacketResult: Hashable, Sendable {
    /// When it left, on our time line.
    public var sentAt: Instant
    /// Its size in bytes, as it was told to the log.
    public var bytes: Int
    /// When it arrived, on the receiver's time line, whose origin is unknown; nil when it has not arrived.
    public var arrival: Instant?
    /// The probe that it belonged to.
    public var probe: ProbeCluster.ID?
    /// An earlier feedback called this packet lost, and now it has arrived after all.
    public var wasReportedLost: Bool

    public init(
        sentAt: Instant, bytes: Int, arrival: Instant?, probe: ProbeCluster.ID? = nil, wasReportedLost: Bool = false
    ) {
        self.sentAt = sentAt
        self.bytes = bytes
        self.arrival = arrival
        self.probe = probe
        self.wasReportedLost = wasReportedLost
    }
}
