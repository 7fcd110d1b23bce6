internal import ProtocolCore
internal import RTP
internal import SDP
internal import SRTP

/// One RTP stream that we receive: an SSRC of a slot, or its retransmissions.
///
/// A class, because it is large and stays where it is while packets come.
final class IncomingStream {
    let ssrc: SSRC
    let mid: Mid
    let purpose: LinePurpose
    /// The stream that this one repairs; nil for a stream of media.
    let repairs: SSRC?
    var security = SRTPReceiveState()
    var statistics: ReceiveStatistics
    /// Only video is repaired.
    let isRepaired: Bool
    var losses = NackGenerator()
    /// The peer's latest report: one moment on its wall clock and on the stream's clock.
    var clock: (ntpTime: NTPTimestamp, rtpTime: RTPTimestamp)?
    var lastKeyframeRequest: Instant?

    init(ssrc: SSRC, mid: Mid, purpose: LinePurpose, repairs: SSRC?) {
        self.ssrc = ssrc
        self.mid = mid
        self.purpose = purpose
        self.repairs = repairs
        statistics = ReceiveStatistics(ssrc: ssrc)
        isRepaired = purpose.kind == .video && repairs == nil
    }

    /// Whether packets are missing, or so many that a keyframe is wanted.
    var hasLosses: Bool { losses.missingCount > 0 || losses.needsKeyframe }

    var clockRate: UInt32 { purpose.kind == .video ? 90_000 : 48_000 }
}
