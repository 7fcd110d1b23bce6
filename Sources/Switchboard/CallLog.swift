import Calling
import Logging
internal import MediaVocabulary
import Metrics
import ServiceLifecycle

/// Writes what happens in calls to the log, one line a fact, by the ids that the other lines carry too, and counts why
/// participants leave.
struct CallLog: Service {
    let directory: CallDirectory
    let logger: Logger

    func run() async throws {
        let events = await directory.events()
        await cancelWhenGracefulShutdown {
            for await event in events { log(event) }
        }
    }

    private func log(_ event: CallEvent) {
        let call = event.call.rawValue
        switch event.fact {
        case .callStarted(let kind, let group, let participant):
            let place = group.map { " in group \($0.rawValue)" } ?? ""
            logger.info("call \(call) started: \(kind.rawValue)\(place), by participant \(participant.rawValue)")
        case .kindChanged(let kind):
            logger.info("call \(call) is now \(kind.rawValue)")
        case .participantAdded(let entry):
            logger.info("call \(call): participant \(entry.participant.rawValue) (\(entry.user.rawValue)) added")
        case .participantRemoved(let participant, let user, let reason):
            Counter(
                label: "switchboard_participants_left", dimensions: [("code", "\(reason.code)/\(reason.subCode)")]
            ).increment()
            logger.info(
                "call \(call): participant \(participant.rawValue) (\(user.rawValue)) left: \(describe(reason))")
        case .callEnded(let reason):
            logger.info("call \(call) ended: \(describe(reason))")
        case .participantUpdated, .stateChanged:
            logger.debug("call \(call): \(String(describing: event.fact))")
        }
    }

    private func describe(_ reason: CallEndReason) -> String {
        "\(reason.code)/\(reason.subCode) \(reason.message)"
    }
}
