public import ProtocolCore

/// When each packet of a transport arrived, told to its sender
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
public struct TransportFeedback: Hashable, Sendable {
    /// The unit of arrival deltas.
    public static let tick: Duration = .microseconds(250)
    /// The unit of the reference time.
    public static let referenceUnit: Duration = .milliseconds(64)
    /// The ticks in one reference unit.
    static let ticksPerReferenceUnit: Int64 = 256
    /// The most packets that one feedback may report on. A run of lost packets costs two bytes, so a short datagram
    /// could otherwise make us keep 65535 of them.
    public static let maximumPackets = 8192

    /// One packet that the feedback reports on.
    public struct Packet: Hashable, Sendable {
        /// The packet's number within its transport.
        public var sequence: SequenceNumber
        /// Ticks of 250 µs since the previous received packet of this feedback, or since the reference time for the
        /// first; nil when the packet has not been received.
        public var deltaTicks: Int16?

        public init(sequence: SequenceNumber, deltaTicks: Int16?) {
            self.sequence = sequence
            self.deltaTicks = deltaTicks
        }

        /// `deltaTicks` as a time span; negative after reordering.
        public var delta: Duration? {
            deltaTicks.map { TransportFeedback.tick * Int($0) }
        }
    }

    /// Who reports.
    public var sender: SSRC
    /// Any stream of the transport reported on; receivers of the feedback drop it when they do not know this stream.
    public var media: SSRC
    /// Counts the feedbacks of one transport, modulo 256, so that a lost one shows.
    public var feedbackCount: UInt8
    /// The arrival time line's origin for this feedback in units of 64 ms, 24 bits signed; the origin is arbitrary.
    public var referenceTime: Int32
    /// In sequence, without gaps, 1...`maximumPackets`.
    public var packets: [Packet]

    public init(sender: SSRC, media: SSRC, feedbackCount: UInt8, referenceTime: Int32, packets: [Packet]) {
        self.sender = sender
        self.media = media
        self.feedbackCount = feedbackCount
        self.referenceTime = referenceTime
        self.packets = packets
    }

    /// The arrival of each packet on the reporter's time line, nil for one that was not received.
    ///
    /// The line wraps with `referenceTime`, every 12.4 days.
    public var arrivals: [(sequence: SequenceNumber, time: Duration?)] {
        var ticks = Int64(referenceTime) * TransportFeedback.ticksPerReferenceUnit
        return packets.map { packet in
            guard let delta = packet.deltaTicks else { return (packet.sequence, nil) }
            ticks += Int64(delta)
            return (packet.sequence, TransportFeedback.tick * ticks)
        }
    }
}
