import Calling
import Conference
import DTLS
import Logging
import MediaIO
import MediaWorker
import Metrics
import PayloadFormats
import ProtocolCore
import SDP
import ServiceLifecycle

/// The media engine as the call plane sees it: the same acts in each other's words.
struct MediaBridge: MediaPlane {
    let engine: MediaEngine

    func openConference(_ call: CallID) async throws {
        await engine.openConference(call.rawValue)
    }

    func closeConference(_ call: CallID) async {
        await engine.closeConference(call.rawValue)
    }

    func negotiate(
        _ offer: MediaOffer, for participant: ParticipantID, in call: CallID
    ) async throws(MediaNegotiationError) -> MediaAnswer {
        var purposes: [Mid: LinePurpose] = [:]
        for line in offer.lines ?? [] { purposes[Mid(line.mid)] = LinePurpose(rawValue: line.purpose.rawValue) }
        let answer: MediaEngine.Answer
        do throws(MediaEngineError) {
            answer = try await engine.answer(
                offer.sdp, purposes: purposes, from: participant.rawValue, in: call.rawValue)
        } catch {
            if case .invalidOffer(let malformed) = error, let limit = malformed.limit {
                Counter(label: "switchboard_limit_hits", dimensions: [("limit", limit)]).increment()
            }
            throw MediaNegotiationError("\(error)")
        }
        for case let rejection? in answer.session.lines.map(\.rejection) where rejection.reason != .removed {
            Counter(label: "switchboard_media_rejected_lines", dimensions: [("reason", rejection.reason.rawValue)])
                .increment()
        }
        let lines = answer.session.lines.compactMap { line -> Calling.AnsweredLine? in
            guard line.rejection == nil,
                let purpose = line.purposes.first.flatMap({ MediaPurpose(rawValue: $0.rawValue) })
            else { return nil }
            var names: [String] = []
            for codec in line.codecs where !names.contains(codec.codec.encodingName) {
                names.append(codec.codec.encodingName)
            }
            return Calling.AnsweredLine(mid: line.mid.rawValue, purpose: purpose, codecs: names)
        }
        return MediaAnswer(sdp: answer.sdp, lines: lines)
    }

    func remove(_ participant: ParticipantID, from call: CallID) async {
        await engine.remove(participant.rawValue, from: call.rawValue)
    }

    func setMuted(_ muted: Bool, _ participant: ParticipantID, in call: CallID) async {
        await engine.set(.muted(muted), for: participant.rawValue, in: call.rawValue)
    }

    func setOnHold(_ onHold: Bool, _ participant: ParticipantID, in call: CallID) async {
        await engine.set(.onHold(onHold), for: participant.rawValue, in: call.rawValue)
    }

    func setPublishing(camera: Bool, screen: Bool, _ participant: ParticipantID, in call: CallID) async {
        await engine.set(.publishing(.camera, camera), for: participant.rawValue, in: call.rawValue)
        await engine.set(.publishing(.screen, screen), for: participant.rawValue, in: call.rawValue)
    }

    func request(_ slots: [SlotRequest], for participant: ParticipantID, in call: CallID) async {
        let wishes = slots.map { slot in
            SlotWish(
                mid: Mid(slot.mid), participant: slot.participant?.rawValue,
                source: slot.source == .camera ? .camera : .screen, width: slot.width, height: slot.height)
        }
        await engine.request(wishes, by: participant.rawValue, in: call.rawValue)
    }

    func expect(_ participants: [ParticipantID], gone: [ParticipantID], in call: CallID) async {
        await engine.expect(
            participants.map(\.rawValue), gone: gone.map(\.rawValue), in: call.rawValue)
    }

    func setDataRecipients(
        _ recipients: [ParticipantID]?, ofChannel channel: UInt16, by participant: ParticipantID, in call: CallID
    ) async -> Bool {
        await engine.setDataRecipients(
            recipients.map { Set($0.map(\.rawValue)) }, ofChannel: channel, by: participant.rawValue,
            in: call.rawValue)
    }
}

/// Hands what happens in the media plane to the call plane, in order, and stops the media threads at the end.
struct MediaService: Service {
    let engine: MediaEngine
    let directory: CallDirectory
    let logger: Logger

    func run() async throws {
        await withGracefulShutdownHandler {
            for await event in engine.events {
                if case .codecWanted(let conference, let participant, _, let codec, _) = event {
                    await engine.noteCodecAsked(codec.name, of: participant, in: conference)
                }
                if case .failed(let conference, let participant, let failure) = event {
                    Counter(label: "switchboard_dtls_failures", dimensions: [("reason", failure.kind.rawValue)])
                        .increment()
                    logger.warning(
                        "call \(conference): no media for participant \(participant), since DTLS failed: \(failure)")
                }
                if case .transportChanged(let conference, let participant, let transport) = event {
                    logger.info("call \(conference): media of participant \(participant) \(describe(transport))")
                }
                if let event = MediaEvent(event) { await directory.handle(event) }
            }
        } onGracefulShutdown: {
            Task { await engine.stop() }
        }
    }
}

private func describe(_ transport: MediaTransport) -> String {
    switch transport {
    case .udp: "goes by UDP again"
    case .tcp: "goes over TCP, since its UDP did not get through; expect it to be late where packets are lost"
    case .relay: "goes through the TURN server, since its UDP did not get through"
    }
}

extension MediaEvent {
    /// The same event in the words of the call plane; nil for what only the log needs to know.
    fileprivate init?(_ event: WorkerEvent) {
        switch event {
        case .connected(let conference, let participant):
            self = .connected(CallID(conference), ParticipantID(participant))
        case .interrupted(let conference, let participant):
            self = .interrupted(CallID(conference), ParticipantID(participant))
        case .closed(let conference, let participant, let isGoodbye):
            self = .closed(CallID(conference), ParticipantID(participant), isGoodbye: isGoodbye)
        case .transportChanged: return nil
        case .failed(let conference, let participant, _):
            self = .interrupted(CallID(conference), ParticipantID(participant))
        case .speakers(let conference, let dominant, let levels):
            self = .speakers(
                CallID(conference), dominant: dominant.map { ParticipantID($0) },
                levels: Dictionary(uniqueKeysWithValues: levels.map { (ParticipantID($0.key), $0.value) }))
        case .slots(let conference, let participant, let contents):
            self = .slots(CallID(conference), ParticipantID(participant), contents.map(SlotState.init))
        case .codecWanted(let conference, let participant, let mid, let codec, let instead):
            self = .codecWanted(
                CallID(conference), ParticipantID(participant), mid: mid.rawValue, codec: codec.name,
                reason: codec == .h264
                    ? "Everyone who watches can decode \(codec.name) now."
                    : "Somebody who watches cannot decode \(instead.name).")
        case .layers(let conference, let participant, let mid, let demands):
            self = .layers(
                CallID(conference), ParticipantID(participant), mid: mid.rawValue,
                demands.map {
                    PublishedLayer(
                        rid: $0.rid?.rawValue, isActive: $0.isWanted, maximumBitrate: $0.maximumBitrate)
                })
        case .allocation(let conference, let participant, let allocation):
            self = .allocation(
                CallID(conference), ParticipantID(participant),
                LinkAllocation(
                    availableBitrate: allocation.budget, state: allocation.state,
                    slots: allocation.slots.map { slot in
                        LinkAllocation.Slot(
                            mid: slot.mid.rawValue, rid: slot.rid?.rawValue, width: slot.size?.width,
                            height: slot.size?.height, bitrate: slot.bitrate, reason: slot.reason.rawValue)
                    }, transport: allocation.transport.rawValue))
        }
    }
}

extension SlotState {
    fileprivate init(_ content: WorkerEvent.SlotContent) {
        let source: Source? =
            switch content.source {
            case .microphone: .microphone
            case .camera: .camera
            case .screen: .screen
            case nil: nil
            }
        let (state, reason): (State, Reason?) =
            switch content.state {
            case .empty: (.empty, nil)
            case .waiting: (.waiting, nil)
            case .active: (.active, nil)
            case .notPublished: (.unavailable, .notPublished)
            case .codecNotSupported: (.unavailable, .codecNotSupported)
            }
        self.init(
            mid: content.mid.rawValue, participant: content.participant.map { ParticipantID($0) }, source: source,
            state: state, reason: reason, codec: content.codec?.name)
    }
}
