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
        let decisions = LineRules(
            purposes: parameters.purposes, limits: parameters.limits,
            preferOffererOrder: parameters.preferOffererOrder,
            maximumSimulcastLayers: parameters.maximumSimulcastLayers
        ).decide(offer)
        let transport = try OfferedTransport(offer, decisions, previous: previous)

        var slots = SlotAllocator(offer: offer, previous: previous)
        let lines = decisions.map { $0.negotiated(slots: &slots, nextSSRC: nextSSRC) }
        let session = NegotiatedSession(
            remoteICE: transport.ice, remoteFingerprints: transport.fingerprints, ourDTLSRole: transport.ourRole,
            bundle: transport.names, lines: lines.compactMap(\.?.media), data: lines.lazy.compactMap(\.?.data).first,
            rejections: decisions.compactMap(\.rejection), slotStreams: slots.streams)
        let writer = AnswerWriter(offer: offer, parameters: parameters, session: session, lines: lines)
        return (writer.answer(), session)
    }

    /// What an answer would make of the lines of an offer, for whoever does not want half of what it offers. Whether
    /// there is a transport for them is not looked at, and the SSRCs hold nothing.
    public static func examine(
        _ offer: SessionDescription, purposes: [Mid: LinePurpose], limits: LineLimits = LineLimits()
    ) -> (lines: [NegotiatedLine], rejections: [LineRejection]) {
        let decisions = LineRules(purposes: purposes, limits: limits).decide(offer)
        var slots = SlotAllocator(offer: offer, previous: nil)
        let lines = decisions.compactMap { $0.negotiated(slots: &slots, nextSSRC: { SSRC(1) })?.media }
        return (lines, decisions.compactMap(\.rejection))
    }

    /// Whether an offer begins an ICE restart (RFC 8839 §4.4.1.1.1): its credentials are not those of last time.
    ///
    /// The answer then needs new credentials of ours too.
    public static func isICERestart(_ offer: SessionDescription, after previous: NegotiatedSession) -> Bool {
        let described = offer.offeredLines.filter(\.isInUse)
        guard let tagged = described.first(where: { $0.name == previous.bundle.first }) ?? described.first else {
            return false
        }
        return OfferedTransport.credentials(of: tagged, in: offer).map { $0 != previous.remoteICE } ?? false
    }
}

/// Gives every slot its SSRCs, the same ones in each negotiation.
struct SlotAllocator {
    private(set) var streams: [Mid: SlotStreams]
    private var taken: Set<SSRC>

    init(offer: SessionDescription, previous: NegotiatedSession?) {
        streams = previous?.slotStreams ?? [:]
        // Offers keep their lines (RFC 3264 §8); what a client makes up anew each time is not kept for ever.
        if streams.count > SessionDescription.Limit.mediaLines {
            let names = Set(offer.offeredLines.map(\.name))
            streams = streams.filter { names.contains($0.key) }
        }
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
