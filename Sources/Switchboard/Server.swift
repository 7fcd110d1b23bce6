import Foundation
import HTTPServer
import Hummingbird
import Identity
import Logging
import NIOCore
import RESTAPI
import ServerConfiguration
import ServiceLifecycle
import Store
import Telemetry
import UnixSignals
import WHIP

/// The running server: the listeners around the platform and the calls.
struct Server {
    let platform: Platform
    let calling: CallingSide

    /// Serves until a signal asks to stop, then drains and returns.
    func run() async throws {
        let settings = platform.settings
        let tls = try tlsIdentity()
        let announcement = Announcement(platform: platform)
        let responder = makeRouter().buildResponder()
        let secure = HTTPListener(
            address: settings.httpsBindAddress, port: settings.httpsPort, tls: tls, webSocket: calling.webSocket,
            streamProtocol: calling.relay.streamProtocol)
        let relayServers = calling.relay.servers
        var services: [any Service] =
            calling.services + [StoreWatch(database: platform.database, logger: platform.logger)]
        services.append(
            ListenerService(
                service: try secure.service(
                    responder: responder, logger: platform.logger,
                    onListening: { port in
                        relayServers.secureListening(port: port)
                        await announcement.secureListening(port: port)
                    }),
                listener: secure, settingKey: "https.port"))
        if settings.isHTTPEnabled {
            let plain = HTTPListener(
                address: settings.httpBindAddress, port: settings.httpPort, tls: nil, webSocket: calling.webSocket)
            services.append(
                ListenerService(
                    service: try plain.service(
                        responder: responder, logger: platform.logger,
                        onListening: { port in await announcement.plainListening(port: port) }),
                    listener: plain, settingKey: "http.port"))
        }
        let drain = calling.drain
        services.append(
            DrainService(readiness: platform.readiness, grace: settings.shutdownGrace, drain: drain))
        var configuration = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: platform.logger)
        configuration.maximumGracefulShutdownDuration = settings.shutdownGrace + .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        platform.logger.info("stopped")
    }

    private func tlsIdentity() throws -> TLSIdentity {
        let settings = platform.settings
        if let certificate = settings.tlsCertificatePath, let key = settings.tlsKeyPath {
            return try TLSIdentity.load(certificatePath: certificate, keyPath: key)
        }
        let names = TLSIdentity.localNames(adding: [settings.publicHost] + settings.tlsNames)
        return try TLSIdentity.selfSigned(in: platform.folder, names: names)
    }

    private func makeRouter() -> Router<BasicRequestContext> {
        let settings = platform.settings
        let readiness = platform.readiness
        let metrics = platform.metrics
        let health = platform.database.health
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ContractMiddleware())
        router.add(
            middleware: IdentityRoutes(
                identities: platform.identities,
                authenticator: SharedKeyAuthenticator(
                    keys: platform.accessKeys,
                    authorities: ["\(settings.publicHost):\(settings.httpsPort)"] + settings.publicAuthorities),
                issueBudget: RequestBudget(requests: settings.identityIssueLimit, per: .seconds(30)),
                revokeBudget: RequestBudget(requests: settings.identityRevokeLimit, per: .seconds(30)),
                isDevelopment: settings.isDevelopment))
        router.add(
            middleware: CallMediaRoutes(
                authenticator: SharedKeyAuthenticator(
                    keys: platform.accessKeys,
                    authorities: ["\(settings.publicHost):\(settings.httpsPort)"] + settings.publicAuthorities),
                report: calling.mediaReport))
        OperationsRoutes(
            readiness: { readiness.current },
            impediment: {
                guard case .cannotWrite(_, let failure) = health.failure else { return nil }
                return failure.sentence
            },
            metricsText: { metrics.prometheusText },
            keySetJSON: platform.identities.keySetJSON
        ).addRoutes(to: router)
        calling.whip.addRoutes(to: router)
        calling.leave.addRoutes(to: router)
        WebAssets(folder: settings.assetsPath).addRoutes(to: router)
        return router
    }
}

/// Runs a listener and says in a sentence why it could not be opened.
private struct ListenerService: Service {
    let service: any Service
    let listener: HTTPListener
    let settingKey: String

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw ListenError(
                address: "\(listener.address):\(listener.port)", reason: String(cString: strerror(error.errnoCode)),
                settingKey: settingKey)
        }
    }
}

/// Why the server could not listen.
struct ListenError: Error, CustomStringConvertible {
    let address: String
    let reason: String
    let settingKey: String

    var description: String {
        "Cannot listen on \(address): \(reason). Choose another port with the setting \(settingKey)."
    }
}

/// Waits for the request to stop, then lets the clients leave before the listeners close: services stop in the
/// reverse of their order, and this one is the last.
private struct DrainService: Service {
    let readiness: ReadinessState
    let grace: Duration
    let drain: @Sendable (Duration) async -> Void

    func run() async throws {
        try await gracefulShutdown()
        readiness.advance(to: .draining)
        await drain(grace)
    }
}
