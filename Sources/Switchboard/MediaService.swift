import Calling
import DTLS
import Logging
import MediaVocabulary
import MediaWorker
import Metrics
import ServiceLifecycle

/// Hands what happens in the media plane to the call plane, in order, and stops the media threads at the end.
struct MediaService: Service {
    let engine: MediaEngine
    let directory: CallDirectory
    let logger: Logger

    func run() async throws {
        await withGracefulShutdownHandler {
            for await event in engine.events {
                switch event {
                case .media(let event): await directory.handle(event)
                case .failed(let call, let participant, let failure):
                    Counter(label: "switchboard_dtls_failures", dimensions: [("reason", failure.kind.rawValue)])
                        .increment()
                    logger.warning(
                        "call \(call): no media for participant \(participant), since DTLS failed: \(failure)")
                case .transportChanged(let call, let participant, let transport):
                    logger.info("call \(call): media of participant \(participant) \(describe(transport))")
                }
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
