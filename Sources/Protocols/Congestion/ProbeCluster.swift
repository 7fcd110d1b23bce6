/// A short burst above the present rate, whose arrival shows whether the link carries more.
///
/// Whoever sends it marks its packets with `id` when it tells the controller of them. Media serves as well as padding.
public struct ProbeCluster: Hashable, Sendable {
    /// Tells the probes of one receiver apart; ids come round after 255 probes, when the old ones are long over.
    public struct ID: Hashable, Sendable {
        let rawValue: UInt8

        /// 0 marks packets outside any probe.
        init?(rawValue: UInt8) {
            guard rawValue != 0 else { return nil }
            self.rawValue = rawValue
        }

        static let first = ID(nonzero: 1)

        private init(nonzero: UInt8) {
            rawValue = nonzero
        }

        var next: ID {
            ID(nonzero: rawValue == .max ? 1 : rawValue + 1)
        }
    }

    /// Why a probe is made.
    public enum Reason: Hashable, Sendable {
        /// Nothing is known of the link yet.
        case start
        /// The probe before succeeded and may have been too low.
        case followUp
        /// The application sends little, so that nothing else can be learned.
        case applicationLimited
        /// More is wanted than before.
        case demand
        /// The rate fell steeply; the cause may be over.
        case recovery
        /// The rate has not moved for long although more is wanted.
        case stagnation
    }

    /// How long a probe lasts: `min_probe_duration` of libwebrtc's `ProbeControllerConfig`.
    public static let duration: Duration = .milliseconds(15)
    /// The fewest packets a probe needs to measure anything: `kMinClusterSize` of libwebrtc's
    /// `ProbeBitrateEstimator`; one more is sent, so that one may be lost.
    public static let minimumPacketsSent = 5

    public var id: ID
    /// At which rate its packets are to leave.
    public var rate: Bitrate
    public var reason: Reason
    /// The probe is complete with both so many bytes…
    public var minimumBytes: Int
    /// … and so many packets.
    public var minimumPackets: Int

    /// - Parameter duration: How long it lasts at its rate.
    init(id: ID, rate: Bitrate, reason: Reason, duration: Duration = duration) {
        self.id = id
        self.rate = rate
        self.reason = reason
        minimumBytes = rate.bytes(in: duration)
        minimumPackets = ProbeCluster.minimumPacketsSent
    }
}
