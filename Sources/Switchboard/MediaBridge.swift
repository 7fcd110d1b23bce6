import Calling
import MediaVocabulary
import MediaWorker
import Metrics
import ProtocolCore
import SDP

/// The media engine as the call plane's media plane, with a count of what it refuses.
struct MediaBridge: MediaPlane {
    let engine: MediaEngine

    func openConference(_ call: CallID) async throws { await engine.openConference(call) }

    func closeConference(_ call: CallID) async { await engine.closeConference(call) }

    func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID, in call: CallID
    ) async throws(MediaNegotiationError) -> MediaAnswer {
        do throws(MediaEngineError) {
            let answer = try await engine.answer(offer, from: participant, in: call)
            for rejection in answer.rejections {
                Counter(label: "switchboard_media_rejected_lines", dimensions: [("reason", rejection.rawValue)])
                    .increment()
            }
            return answer.answer
        } catch {
            if case .invalidOffer(let malformed) = error, let limit = malformed.limit {
                Counter(label: "switchboard_limit_hits", dimensions: [("limit", limit)]).increment()
            }
            throw MediaNegotiationError("\(error)")
        }
    }

    func remove(_ participant: ParticipantID, from call: CallID) async {
        await engine.remove(participant, from: call)
    }

    func set(_ media: ParticipantMedia, for participant: ParticipantID, in call: CallID) async {
        await engine.set(media, for: participant, in: call)
    }

    func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async {
        await engine.request(slots, by: participant, in: call)
    }

    func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async {
        await engine.expect(participants, gone: gone, in: call)
    }
}
