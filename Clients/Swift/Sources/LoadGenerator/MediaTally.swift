/// What one or many subscribers received while it was measured.
public struct MediaTally: Hashable, Sendable {
    /// RTP packets of pictures, those that came as retransmissions among them; padding is not counted.
    public var videoPackets = 0
    public var audioPackets = 0
    /// Payload bytes of both.
    public var bytes = 0
    /// Packets that were lost and came as retransmissions.
    public var recoveredPackets = 0
    /// Packets that never came.
    public var lostPackets = 0
    /// Whole and unharmed pictures.
    public var videoFrames = 0
    /// Pictures that lie between two that came from the same encoding, and did not come.
    public var missingFrames = 0
    /// Pictures and sound packets with a wrong byte.
    public var corruptedFrames = 0
    /// From capture to the arrival of the first packet of a picture.
    public var firstPacketLatency = LatencyHistogram()
    /// From capture to the arrival of the last packet of a picture: pacing included.
    public var frameLatency = LatencyHistogram()
    /// From capture to the arrival of a packet of sound, which nobody paces.
    public var audioLatency = LatencyHistogram()

    public init() {}

    public var packets: Int { videoPackets + audioPackets }

    public mutating func add(_ other: MediaTally) {
        videoPackets += other.videoPackets
        audioPackets += other.audioPackets
        bytes += other.bytes
        recoveredPackets += other.recoveredPackets
        lostPackets += other.lostPackets
        videoFrames += other.videoFrames
        missingFrames += other.missingFrames
        corruptedFrames += other.corruptedFrames
        firstPacketLatency.add(other.firstPacketLatency)
        frameLatency.add(other.frameLatency)
        audioLatency.add(other.audioLatency)
    }
}
