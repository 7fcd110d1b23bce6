internal import ICE
public import ProtocolCore

/// Answers offers as the server side of WebRTC (RFC 9429 §5.3): ICE-lite, everything bundled on one transport.
///
/// The client always offers. Each m-line is used to receive what the client sends, to send into a slot, or both. What
/// cannot be used is rejected line by line with a reason; only an offer without a usable transport is an error.
///
/// ```swift
/// let offer = try SessionDescription(parsing: text)
/// let (answer, session) = try Answerer.answer(offer, parameters: parameters, previous: nil) { SSRC(random()) }
/// reply(answer.description)
/// ```
public enum Answerer {
    /// Answers an offer.
    /// - Parameters:
    ///   - previous: What the last answer of this session agreed on; its slots keep their SSRCs.
    ///   - nextSSRC: A source of random SSRCs, asked again when one is taken.
    public static func answer(
        _ offer: SessionDescription, parameters: AnswerParameters, previous: NegotiatedSession?,
        nextSSRC: () -> SSRC
    ) throws(NegotiationError) -> (answer: SessionDescription, session: NegotiatedSession) {
        var slots = SlotAllocator(offer: offer, previous: previous)
        var counts: [LinePurpose: Int] = [:]
        var decisions: [LineDecision] = []
        var mids: Set<Mid> = []
        for media in offer.media {
            if let mid = media.attributes.mid, !mids.insert(mid).inserted {
                throw NegotiationError(.duplicateMid, mid: mid, "Two m-lines have the mid \(mid).")
            }
            decisions.append(
                try LineDecision(
                    media, parameters: parameters, counts: &counts, hasData: decisions.contains { $0.data != nil }))
        }
        let transport = try OfferedTransport(offer, accepted: decisions.filter(\.isAccepted), previous: previous)

        var session = NegotiatedSession(
            remoteICE: transport.ice, remoteFingerprints: transport.fingerprints, ourDTLSRole: transport.ourRole,
            bundle: transport.mids, lines: [], data: decisions.lazy.compactMap(\.data).first,
            rejections: decisions.compactMap(\.rejection), slotStreams: [:])
        for decision in decisions {
            if let line = decision.line(slots: &slots, nextSSRC: nextSSRC) { session.lines.append(line) }
        }
        session.slotStreams = slots.streams
        let writer = AnswerWriter(offer: offer, parameters: parameters, session: session)
        return (writer.answer(), session)
    }

    /// Whether an offer begins an ICE restart (RFC 8839 §4.4.1.1.1): its credentials are not those of last time.
    ///
    /// The answer then needs new credentials of ours too.
    public static func isICERestart(_ offer: SessionDescription, after previous: NegotiatedSession) -> Bool {
        let described = offer.media.filter { $0.port != 0 || $0.attributes.isBundleOnly }
        let tagged = described.first { $0.attributes.mid == previous.bundle.first } ?? described.first
        let ice = tagged?.attributes.iceCredentials ?? offer.attributes.iceCredentials
        return ice.map { $0 != previous.remoteICE } ?? false
    }
}

/// Gives every slot its SSRCs, the same ones in each negotiation.
struct SlotAllocator {
    private(set) var streams: [Mid: SlotStreams]
    private var taken: Set<SSRC>

    init(offer: SessionDescription, previous: NegotiatedSession?) {
        streams = previous?.slotStreams ?? [:]
        taken = Set(offer.media.flatMap { $0.attributes.ssrcAttributes.map(\.ssrc) })
        for slot in streams.values {
            taken.formUnion([slot.ssrc, slot.rtxSSRC])
        }
    }

    mutating func streams(for mid: Mid, kind: MediaKind, nextSSRC: () -> SSRC) -> SlotStreams {
        if let kept = streams[mid], kept.kind == kind { return kept }
        let new = SlotStreams(kind: kind, ssrc: free(nextSSRC), rtxSSRC: free(nextSSRC))
        streams[mid] = new
        return new
    }

    /// An SSRC that nobody in the session has. A source that never gives one is stepped over after some tries.
    private mutating func free(_ nextSSRC: () -> SSRC) -> SSRC {
        var candidate = nextSSRC()
        for _ in 0..<16 where taken.contains(candidate) {
            candidate = nextSSRC()
        }
        while taken.contains(candidate) {
            candidate = SSRC(candidate.rawValue &+ 1)
        }
        taken.insert(candidate)
        return candidate
    }
}
