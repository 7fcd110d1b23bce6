internal import Conference
internal import ProtocolCore
internal import RTP
internal import SRTP

/// One RTP stream that a peer sends: an SSRC, what it carries, and what reception has taught us of it.
struct IncomingStream {
    let ssrc: SSRC
    let source: MediaSource
    /// A retransmission stream (RFC 4588) repairs the primary stream of its source.
    let isRetransmission: Bool

    var security = SRTPReceiveState()
    var statistics: ReceiveStatistics
    var losses = NackGenerator()
    /// Set while the publisher's packets of this stream have not yet been forwarded after it took over its source.
    var packets: UInt64 = 0
    var octets: UInt64 = 0

    init(ssrc: SSRC, source: MediaSource, isRetransmission: Bool) {
        self.ssrc = ssrc
        self.source = source
        self.isRetransmission = isRetransmission
        statistics = ReceiveStatistics(ssrc: ssrc)
    }

    var clockRate: UInt32 {
        source == .microphone ? 48_000 : 90_000
    }
}
