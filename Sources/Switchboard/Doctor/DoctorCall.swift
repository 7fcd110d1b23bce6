import ClientTransport
import DTLS
import Doctor
import Foundation
import MediaIO
import NIOHTTP1
import ProtocolCore
import RTP
import SDP
import TLS

/// A call of two, both played here: one speaks (WHIP), the other listens (WHEP), over one way alone.
struct DoctorCall: Sendable {
    struct Outcome: Sendable {
        /// From the first offer to the first sound; nil when none came.
        var soundAfter: Duration?
        /// The way that the listener's packets took.
        var route: Route?
        var failure: String?

        func of(_ path: PathFacts.Path) -> PathFacts.Outcome {
            if let soundAfter { return .works(milliseconds: Int(soundAfter / .milliseconds(1))) }
            return .fails(reason: failure ?? "no sound came through")
        }
    }

    private struct Side {
        var session: TransportLoop.SessionID
        var location: String
    }

    /// Counts what comes to the listener, and notes how a side ended; lives on the thread of its loop.
    private final class Ear: MediaSink {
        private(set) var heardAt: Instant?
        private(set) var isConnected = false
        private(set) var endReason: String?

        func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer) {
            heardAt = heardAt ?? packet.arrival
        }

        func tick(now: Instant) -> [Mid] { [] }

        func handle(_ event: ClientSession.Event) {
            switch event {
            case .connected: isConnected = true
            case .ended(let reason): endReason = reason
            case .pathLost: endReason = "no answer came to any packet"
            case .interrupted, .resumed, .keyframeWanted, .dataOpened, .data, .dataClosed: break
            }
        }
    }

    private static let connectTimeout: Duration = .seconds(10)
    private static let soundTimeout: Duration = .seconds(4)
    /// Silence of 20 ms in Opus (RFC 6716 §3.1); its level says that somebody speaks.
    private static let packet: [UInt8] = [0xf8, 0xff, 0xfe]
    private static let level = AudioLevel(voiceActivity: true, level: 20)
    private static let mid = Mid("0")

    let loop: TransportLoop
    let service: DoctorService
    let token: String
    let identity: DTLSIdentity
    let policy: TransportPolicy
    let relays: [RelayServer]
    let tls: TLSClientContext?

    func play() async -> Outcome {
        let group = UUID().uuidString.lowercased()
        let begin = MonotonicClock.now()
        var sides: [Side] = []
        var outcome = Outcome()
        do {
            let speaker = try await join(.microphone, "whip", group)
            sides.append(speaker)
            let listener = try await join(.audioSlot, "whep", group)
            sides.append(listener)
            for side in sides { try await waitUntilConnected(side) }
            outcome.soundAfter = try await speak(speaker, until: listener).map { $0 - begin }
            outcome.route = await loop.snapshot(listener.session)?.route
        } catch {
            outcome.failure = "\(error)"
            if let first = sides.first, let relay = await loop.snapshot(first.session)?.relayFailure {
                outcome.failure = relay
            }
        }
        for side in sides {
            await loop.close(side.session)
            _ = try? await service.request(.DELETE, side.location, authorization)
        }
        return outcome
    }

    private var authorization: [(String, String)] { [("Authorization", "Bearer \(token)")] }

    private func join(_ purpose: LinePurpose, _ kind: String, _ group: String) async throws -> Side {
        let configuration = ClientSession.Configuration(
            identity: identity, ice: .random(), localEndpoints: [], seed: ClientSession.randomSeed(),
            canonicalName: "doctor")
        let session = try await loop.open(configuration, policy: policy) { Ear() }
        do {
            await loop.setRelayServers(session, relays, tls: tls)
            guard let offer = await loop.offer(session, [ClientLine(mid: Self.mid, purpose: purpose)]) else {
                throw DoctorService.Failure(description: "no offer could be made")
            }
            let answer = try await service.request(
                .POST, "\(service.origin)/switchboard/v1/\(kind)/\(group)",
                [("Content-Type", "application/sdp")] + authorization, Array(offer.utf8))
            guard answer.status == 201, let location = answer.headers.first(name: "Location") else {
                throw DoctorService.Failure(description: "the server refuses the call with status \(answer.status)")
            }
            try await loop.accept(session, String(decoding: answer.body, as: UTF8.self))
            return Side(session: session, location: location.hasPrefix("/") ? service.origin + location : location)
        } catch {
            await loop.close(session)
            throw error
        }
    }

    private func waitUntilConnected(_ side: Side) async throws {
        let deadline = MonotonicClock.now() + Self.connectTimeout
        while MonotonicClock.now() < deadline {
            let (isConnected, endReason) =
                await loop.withSink(side.session) { sink -> (Bool, String?) in
                    let ear = sink as? Ear
                    return (ear?.isConnected ?? false, ear?.endReason)
                } ?? (false, "the session ended")
            if isConnected { return }
            if let endReason { throw DoctorService.Failure(description: endReason) }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw DoctorService.Failure(
            description: "no connection came about within \(Self.connectTimeout.components.seconds) s")
    }

    /// Speaks until the listener hears it; when that was.
    private func speak(_ speaker: Side, until listener: Side) async throws -> Instant? {
        let deadline = MonotonicClock.now() + Self.soundTimeout
        var time: Duration = .zero
        while MonotonicClock.now() < deadline {
            await loop.sendAudio(speaker.session, Self.packet, on: Self.mid, mediaTime: time, level: Self.level)
            time += .milliseconds(20)
            if let heard = await loop.withSink(listener.session, { ($0 as? Ear)?.heardAt }) ?? nil { return heard }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }
}
