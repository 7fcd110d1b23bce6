import Calling
import CallingTestSupport
import MediaVocabulary
import ProtocolCore

/// A media plane whose answers can be read: the offer back, with ICE credentials of the server's that count restarts.
actor AnsweringPlane: MediaPlane {
    private let inner = MediaPlaneDouble()
    private var ufrags: [ParticipantID: [String]] = [:]
    private var interlude: (@Sendable () async -> Void)?
    private(set) var offers: [ParticipantID: [MediaOffer]] = [:]
    /// What each receiver wishes to see, by slot.
    private(set) var wishes: [ParticipantID: [Mid: SlotRequest]] = [:]

    static func password(_ generation: Int) -> String {
        "serverpasswordserverpass\(generation)"
    }

    func refuseOffers(_ sentence: String) async {
        await inner.refuseOffers(sentence)
    }

    /// What happens while the next offers are being answered.
    func whileAnswering(_ interlude: (@Sendable () async -> Void)?) {
        self.interlude = interlude
    }

    func leg(_ participant: ParticipantID, in call: CallID) async -> MediaPlaneDouble.Leg? {
        await inner.leg(participant, in: call)
    }

    /// Whom a receiver wishes to see in a slot.
    func wish(of participant: ParticipantID, in mid: Mid) -> SlotRequest? {
        wishes[participant]?[mid]
    }

    func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID, in call: CallID
    ) async throws(MediaNegotiationError) -> MediaAnswer {
        await interlude?()
        var answer = try await inner.negotiate(offer, for: participant, in: call)
        offers[participant, default: []].append(offer)
        let generation = offers[participant]?.count ?? 0
        answer.sdp =
            offer.sdp.split(separator: "\r\n").map { line in
                if line.hasPrefix("a=ice-ufrag:") { return "a=ice-ufrag:server\(generation)" }
                if line.hasPrefix("a=ice-pwd:") { return "a=ice-pwd:\(Self.password(generation))" }
                return String(line)
            }.joined(separator: "\r\n") + "\r\n"
        return answer
    }

    func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async {
        for slot in slots { wishes[participant, default: [:]][slot.mid] = slot }
    }

    func openConference(_ call: CallID) async throws { try await inner.openConference(call) }
    func closeConference(_ call: CallID) async { await inner.closeConference(call) }
    func remove(_ participant: ParticipantID, from call: CallID) async { await inner.remove(participant, from: call) }
    func set(_ media: ParticipantMedia, for participant: ParticipantID, in call: CallID) async {
        await inner.set(media, for: participant, in: call)
    }
}
