public import Calling
public import MediaVocabulary

/// A media plane that keeps the rules of the real one in a few dictionaries and remembers what it was told.
public actor MediaPlaneDouble: MediaPlane {
    /// What holds for one participant.
    public struct Leg: Hashable, Sendable {
        public var hasTransport = false
        public var media = ParticipantMedia()
        public var offers = 0
        public var slots: [SlotRequest] = []
        /// The m-lines of the last offer that named any.
        public var lines: [MediaLine] = []

        public var isMuted: Bool { media.isMuted }
        public var isOnHold: Bool { media.isOnHold }
        public var camera: Bool { media.pictures.contains(.camera) }
        public var screen: Bool { media.pictures.contains(.screen) }
        public var dataRecipients: [UInt16: Set<ParticipantID>] { media.dataRecipients }

        /// Whether media would flow to and from the participant.
        public var flows: Bool {
            hasTransport && !isOnHold
        }
    }

    /// A conference was not open that should have been.
    public struct NoSuchConference: Error {}

    public private(set) var conferences: [CallID: [ParticipantID: Leg]] = [:]
    /// What went against the rules.
    public private(set) var violations: [String] = []
    /// Who was not on hold at the first offer, so that media could flow from then on.
    public private(set) var openFromTheStart: Set<ParticipantID> = []
    private var refusal: String?
    private var opensNothing = false
    private var areOffersHeld = false
    private var heldOffers: [CheckedContinuation<Void, Never>] = []

    public init() {}

    /// Refuses offers with this sentence from now on; nil answers them again.
    public func refuseOffers(_ sentence: String?) {
        refusal = sentence
    }

    /// Answers no offer until they are released.
    public func holdOffers() {
        areOffersHeld = true
    }

    public func releaseOffers() {
        areOffersHeld = false
        for offer in heldOffers { offer.resume() }
        heldOffers.removeAll()
    }

    /// How many offers wait for their release.
    public var heldOfferCount: Int { heldOffers.count }

    public func failToOpen() {
        opensNothing = true
    }

    public func leg(_ participant: ParticipantID, in call: CallID) -> Leg? {
        conferences[call]?[participant]
    }

    public func openConference(_ call: CallID) async throws {
        if opensNothing { throw NoSuchConference() }
        if conferences.updateValue([:], forKey: call) != nil {
            violations.append("opened twice: \(call)")
        }
    }

    public func closeConference(_ call: CallID) async {
        if conferences.removeValue(forKey: call) == nil {
            violations.append("closed, but not open: \(call)")
        }
    }

    public func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID, in call: CallID
    ) async throws(MediaNegotiationError) -> MediaAnswer {
        if areOffersHeld { await withCheckedContinuation { heldOffers.append($0) } }
        if let refusal { throw MediaNegotiationError(refusal) }
        if conferences[call]?[participant]?.isOnHold != true {
            openFromTheStart.insert(participant)
        }
        change(participant, in: call) { leg in
            leg.hasTransport = true
            leg.offers += 1
            leg.lines = offer.lines ?? leg.lines
        }
        let lines = (conferences[call]?[participant]?.lines ?? []).map { line in
            MediaAnswer.Line(mid: line.mid, purpose: line.purpose, codecs: ["H264"])
        }
        return MediaAnswer(sdp: "answer to \(offer.sdp)", lines: lines)
    }

    public func remove(_ participant: ParticipantID, from call: CallID) async {
        conferences[call]?[participant] = nil
    }

    public func set(_ media: ParticipantMedia, for participant: ParticipantID, in call: CallID) async {
        change(participant, in: call) { $0.media = media }
    }

    public func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async {
        change(participant, in: call) { $0.slots = slots }
    }

    private func change(_ participant: ParticipantID, in call: CallID, _ change: (inout Leg) -> Void) {
        guard conferences[call] != nil else {
            violations.append("not open: \(call)")
            return
        }
        change(&conferences[call, default: [:]][participant, default: Leg()])
    }
}

/// Everybody whose id begins with `8:acs:` exists.
public struct EverybodyExists: UserRegistry {
    public init() {}

    public func contains(_ user: UserID) async -> Bool {
        user.rawValue.hasPrefix("8:acs:")
    }
}
