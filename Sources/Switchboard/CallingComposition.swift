import Calling
import DTLS
import Foundation
import HTTPServer
import Identity
import Logging
import MediaIO
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RESTAPI
import Relay
import ServerConfiguration
import ServiceLifecycle
import Signaling
import Store
import WHIP

/// What the calling side gives to the server: its signalling endpoint and the services behind it.
struct CallingSide: Sendable {
    /// Takes the WebSocket connections at `/calling`.
    var webSocket: WebSocketEndpoint
    /// What the secure listener speaks besides HTTP, and what is to be told its port.
    var relay: RelaySide
    /// Publishing into calls and watching them over HTTP.
    var whip: WHIPRoutes
    /// Leaving over HTTP, for pages that go away.
    var leave: LeaveRoute
    /// What the participants of a call are sent; nil when there is no such call.
    var mediaReport: @Sendable (_ callID: String) async -> CallMediaReport?
    /// Run before the listeners open and stopped after they have closed.
    var services: [any Service]
    /// Refuses new calls, tells the clients and gives them the time to leave. Returns when they have, or when the time
    /// is over.
    var drain: @Sendable (_ grace: Duration) async -> Void
}

/// Puts together media, calls and signalling on top of the platform.
func composeCalling(on platform: Platform) async throws -> CallingSide {
    let settings = platform.settings
    let metering = RelayMetering()
    let reach = MediaReach(settings)
    let (engine, acceptor) = try await openMedia(settings, reach: reach, metering: metering, logger: platform.logger)
    let relay = try await composeRelay(
        on: platform, mediaPorts: engine.ports, reach: reach, acceptor: acceptor, metering: metering)
    let servers = relay.servers
    let clock = SystemCallClock()
    let identifiers = IdentifierSource()
    let directory = CallDirectory(
        media: MediaBridge(engine: engine), clock: clock, identifiers: identifiers,
        users: StoredUsers(users: platform.database.users, logger: platform.logger),
        userLimits: settings.userLimits, logger: platform.logger)
    let tokens = StoredTokens(verifier: platform.tokenVerifier, logger: platform.logger)
    let origins = OriginPolicy(allowedOrigins: settings.allowedOrigins)
    var signalingSettings = SignalingSettings()
    signalingSettings.sessionsPerUser = settings.callSessionsPerUser
    let signaling = SignalingService(
        directory: directory, tokens: tokens, clock: clock, identifiers: identifiers, settings: signalingSettings,
        mediaServers: { servers.mediaServers(for: $0) }, logger: platform.logger)
    let whip = WHIPRoutes(
        directory: directory, identifiers: identifiers,
        verify: { token async throws(TokenRefusal) in
            do throws(Signaling.TokenRejection) {
                let verified = try await tokens.verify(token)
                return TokenBearer(
                    user: verified.user, scopes: verified.scopes, displayName: verified.displayName)
            } catch {
                throw TokenRefusal(error.message)
            }
        },
        iceServers: { servers.iceServers(for: $0) },
        allowsOrigin: { origin, host in origins.allows(origin: origin, host: host) }, logger: platform.logger)
    platform.identities.onRevoked { userID in
        await signaling.revoke(UserID(userID))
        await whip.revoke(UserID(userID))
    }
    let endpoint = WebSocketEndpoint(
        path: "/calling", origins: origins, oversizeNotice: SignalingService.oversizeNotice
    ) { connection in
        await signaling.serve(connection.messages, on: WebSocketLeg(connection: connection))
    }
    return CallingSide(
        webSocket: endpoint,
        relay: relay,
        whip: whip,
        leave: LeaveRoute(
            budget: RequestBudget(requests: LeaveRoute.requestsPerPeriod, per: LeaveRoute.period),
            allowsOrigin: { origin, host in origins.allows(origin: origin, host: host) },
            leave: { await signaling.leave($0) }),
        mediaReport: { call in
            await engine.qualities(in: CallID(call)).map { CallMediaReport(callId: call, qualities: $0) }
        },
        services: relay.services + [
            MediaService(engine: engine, directory: directory, logger: platform.logger),
            CallLog(directory: directory, logger: platform.logger),
            CallMeasurement(directory: directory, engine: engine, signaling: signaling),
        ],
        drain: { grace in
            await signaling.announceClosing(reason: "The server stops.", inSeconds: Int(grace.components.seconds))
            // Clients that hang up on the notice let the server stop early.
            let end = ContinuousClock.now + grace
            while await directory.counts.calls > 0, ContinuousClock.now < end {
                do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
            }
            await directory.hangUpEverything()
            await signaling.closeAll()
        })
}

func makeMediaEngine(
    _ settings: Settings, reach: MediaReach, relayedPorts: RelayedPorts? = nil
) async throws -> MediaEngine {
    var configuration = MediaEngine.Configuration()
    configuration.firstPort = UInt16(clamping: settings.mediaPort)
    configuration.workers =
        settings.mediaWorkers > 0 ? settings.mediaWorkers : ProcessInfo.processInfo.activeProcessorCount
    configuration.bindAddress = reach.bind.address
    configuration.advertisedAddresses = reach.advertised.map(\.address)
    configuration.relayedPorts = relayedPorts
    configuration.offersTCP = settings.isMediaTCPEnabled
    let now = Int64(Date().timeIntervalSince1970)
    do {
        return try await MediaEngine(configuration, identity: try DTLSIdentity.generate(unixTime: now))
    } catch let error as SystemError {
        let ports = Int(configuration.firstPort)..<Int(configuration.firstPort) + configuration.workers
        throw MediaPortError(ports: ports, reason: "\(error)", holder: PortHolder.sentence(.udp, ports))
    }
}

/// Why the media ports could not be opened.
struct MediaPortError: Error, CustomStringConvertible {
    let ports: Range<Int>
    let reason: String
    /// Who holds one of them, if one is taken and that is known.
    let holder: String?

    var description: String {
        "Cannot open the UDP ports \(ports.lowerBound)…\(ports.upperBound - 1) for media: \(reason)."
            + "\(holder.map { " " + $0 } ?? "") Choose others with the setting media.port, "
            + "or the address with media.bindAddress."
    }
}

/// A WebSocket connection as the signalling edge sees it.
private struct WebSocketLeg: SignalingConnection {
    let connection: WebSocketConnection

    func admit() { connection.admit() }
    func send(_ text: String) { connection.send(text) }
    func close(code: UInt16, reason: String) { connection.close(code: code, reason: reason) }
}

/// The users of the store, as the call plane asks for them.
private struct StoredUsers: UserRegistry {
    let users: UserRepository
    let logger: Logger

    func contains(_ user: UserID) async -> Bool {
        do {
            guard let record = try await users.find(id: user.rawValue) else { return false }
            return !record.isDeleted
        } catch {
            logger.error("cannot look up \(user.rawValue): \(error)")
            return false
        }
    }
}

/// The tokens of the identity service, as the signalling edge asks for them.
private struct StoredTokens: TokenVerifying {
    let verifier: TokenVerifier
    let logger: Logger

    func verify(_ token: String) async throws(Signaling.TokenRejection) -> Signaling.VerifiedToken {
        do {
            let verified = try await verifier.verify(token)
            return Signaling.VerifiedToken(
                user: UserID(verified.userID), displayName: verified.displayName, scopes: verified.scopes,
                expiresOn: verified.expiresOn, issuedAt: verified.issuedAt)
        } catch let rejection as Identity.TokenRejection {
            throw Signaling.TokenRejection("\(rejection)")
        } catch {
            logger.error("cannot verify a token: \(error)")
            throw Signaling.TokenRejection("The token could not be checked just now.")
        }
    }
}

extension Settings {
    fileprivate var userLimits: UserLimits {
        var limits = UserLimits()
        limits.calls = callsPerUser
        limits.ringsPerMinute = callRingsPerMinute
        limits.sessions = callSessionsPerUser
        return limits
    }
}
