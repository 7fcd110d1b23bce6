/// The RTP header extensions that we understand, named independently of the ids negotiated for them.
public enum HeaderExtension: UInt8, CaseIterable, Sendable, Hashable {
    /// The m-line a packet belongs to (RFC 9143 §15).
    case mid
    /// The simulcast layer a packet belongs to (RFC 8852).
    case rid
    /// The simulcast layer that a retransmission repairs (RFC 8852).
    case repairedRid
    /// Voice activity and loudness of the packet's audio (RFC 6464).
    case audioLevel
    /// When the packet left its sender, 24 bits of 6.18 fixed-point seconds.
    case absoluteSendTime
    /// The sequence number of the packet within its transport, which feedback reports on
    /// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    case transportSequence
    /// How the picture must be turned for display (3GPP TS 26.114 §7.4.5).
    case videoOrientation
    /// The packet's frame and layers (AV1 RTP specification, appendix A).
    case dependencyDescriptor
    /// The limits of the receiver's playout delay, two 12-bit counts of 10 ms.
    case playoutDelay

    /// The URI that names the extension in `a=extmap` lines (RFC 8285 §5).
    public var uri: String {
        switch self {
        case .mid: "urn:ietf:params:rtp-hdrext:sdes:mid"
        case .rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
        case .repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
        case .audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
        case .absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
        case .transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        case .videoOrientation: "urn:3gpp:video-orientation"
        case .dependencyDescriptor:
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
        case .playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
        }
    }

    /// The second version of the transport-wide sequence: the same 16 bits, optionally followed by a feedback request.
    private static let transportSequenceVersion2 =
        "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02"

    /// Finds the extension that `uri` names, nil when we do not know it.
    ///
    /// Both versions of the transport-wide sequence are known, so an answer must repeat the URI of its offer.
    public init?(uri: String) {
        if uri == HeaderExtension.transportSequenceVersion2 {
            self = .transportSequence
            return
        }
        guard let known = HeaderExtension.allCases.first(where: { $0.uri == uri }) else { return nil }
        self = known
    }
}
