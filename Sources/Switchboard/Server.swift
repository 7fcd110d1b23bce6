import Foundation
import HTTPServer
import Hummingbird
import Identity
import Logging
import MediaIO
import NIOCore
import ProtocolCore
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
    let identity: CurrentTLSIdentity
    let notice: ServiceNotice

    /// Serves until a signal asks to stop, then drains and returns.
    /// - Parameter others: What runs beside the listeners, started before them.
    func run(beside others: [any Service]) async throws {
        let settings = platform.settings
        let announcement = Announcement(platform: platform, notice: notice)
        let bind = BindAddress()
        if let note = bind.note, settings.httpsBindAddress == nil { platform.logger.notice("\(note)") }
        var limits = HTTPLimits()
        limits.idleTimeout = settings.httpIdleTimeout
        let budget = ConnectionBudget(
            limits: ConnectionLimits(
                unproved: settings.httpConnections, unprovedPerAddress: settings.httpConnectionsPerAddress,
                fileDescriptors: OpenFiles.limit))
        let proxies = TrustedProxies(settings.trustedProxies)
        var secure = HTTPListener(
            address: settings.httpsBindAddress ?? bind.everything, port: settings.httpsPort, tls: identity,
            webSocket: calling.webSocket, streamProtocol: calling.relay.streamProtocol)
        (secure.limits, secure.budget, secure.trustedProxies) = (limits, budget, proxies)
        let relayServers = calling.relay.servers
        var services: [any Service] =
            others + calling.services + [StoreWatch(database: platform.database, logger: platform.logger)]
        services.append(
            ListenerService(
                service: try secure.service(
                    responder: makeRouter(metrics: settings.areMetricsPublic ? metrics(answersProxies: true) : nil)
                        .buildResponder(),
                    logger: platform.logger,
                    onListening: { port in
                        relayServers.secureListening(port: port)
                        await announcement.secureListening(port: port)
                    }),
                listener: secure, settingKey: "https.port"))
        if settings.isHTTPEnabled {
            var plain = HTTPListener(
                address: settings.httpBindAddress, port: settings.httpPort, tls: nil, webSocket: calling.webSocket)
            (plain.limits, plain.budget, plain.trustedProxies) = (limits, budget, proxies)
            services.append(
                ListenerService(
                    service: try plain.service(
                        responder: makeRouter(metrics: plainMetrics).buildResponder(), logger: platform.logger,
                        onListening: { port in await announcement.plainListening(port: port) }),
                    listener: plain, settingKey: "http.port"))
        }
        if let address = settings.metricsBindAddress {
            let listener = HTTPListener(address: address, port: settings.metricsPort, tls: nil, webSocket: nil)
            let router = Router(context: BasicRequestContext.self)
            operations(metrics: metrics(answersProxies: true)).addRoutes(to: router)
            let logger = platform.logger
            services.append(
                ListenerService(
                    service: try listener.service(
                        responder: router.buildResponder(), logger: logger,
                        onListening: { port in logger.info("measurements are served at \(address), port \(port)") }),
                    listener: listener, settingKey: "metrics.port"))
        }
        let drain = calling.drain
        services.append(
            DrainService(
                readiness: platform.readiness, notice: notice, grace: settings.shutdownGrace, drain: drain))
        var configuration = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: platform.logger)
        configuration.maximumGracefulShutdownDuration = settings.shutdownGrace + .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        platform.logger.info("stopped")
    }

    private func metrics(answersProxies: Bool) -> OperationsRoutes.Metrics {
        let registry = platform.metrics
        return OperationsRoutes.Metrics(answersProxies: answersProxies) { registry.prometheusText }
    }

    /// Who reaches plain HTTP on a loopback address is on this machine, unless a proxy there has passed it on.
    private var plainMetrics: OperationsRoutes.Metrics? {
        let settings = platform.settings
        if settings.areMetricsPublic { return metrics(answersProxies: true) }
        let address = SocketEndpoint(address: settings.httpBindAddress, port: 0)
        return address?.isLoopback == true ? metrics(answersProxies: false) : nil
    }

    private func operations(metrics: OperationsRoutes.Metrics?) -> OperationsRoutes {
        let readiness = platform.readiness
        let health = platform.database.health
        return OperationsRoutes(
            readiness: { readiness.current },
            impediment: {
                guard case .cannotWrite(_, let failure) = health.failure else { return nil }
                return failure.sentence
            },
            metrics: metrics, keySetJSON: platform.identities.keySetJSON)
    }

    private func makeRouter(metrics: OperationsRoutes.Metrics?) -> Router<BasicRequestContext> {
        let settings = platform.settings
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
        operations(metrics: metrics).addRoutes(to: router)
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
                address: "\(listener.address), TCP port \(listener.port)", code: error.errnoCode,
                settingKey: settingKey, holder: PortHolder.sentence(.tcp, listener.port..<listener.port + 1))
        }
    }
}

/// Why the server could not listen.
struct ListenError: Error, CustomStringConvertible {
    let address: String
    /// What the system says.
    let code: CInt
    let settingKey: String
    /// Who holds the port, if it is taken and that is known.
    let holder: String?

    var description: String {
        let reason = String(cString: strerror(code))
        switch code {
        case EACCES:
            return "Cannot listen on \(address): \(reason). Ports below 1024 need the capability CAP_NET_BIND_SERVICE; "
                + "or choose another port with the setting \(settingKey)."
        case EADDRNOTAVAIL:
            let bind = settingKey.replacing(".port", with: settingKey.hasPrefix("turn") ? ".bindAddress" : ".bind")
            return "Cannot listen on \(address): \(reason). Choose an address of this machine with the setting \(bind)."
        default:
            let held = code == EADDRINUSE ? holder.map { " " + $0 } ?? "" : ""
            return "Cannot listen on \(address): \(reason).\(held) "
                + "Choose another port with the setting \(settingKey)."
        }
    }
}

/// Waits for the request to stop, then lets the clients leave before the listeners close: services stop in the
/// reverse of their order, and this one is the last.
private struct DrainService: Service {
    let readiness: ReadinessState
    let notice: ServiceNotice
    let grace: Duration
    let drain: @Sendable (Duration) async -> Void

    func run() async throws {
        try await gracefulShutdown()
        notice.stopping()
        readiness.advance(to: .draining)
        await drain(grace)
    }
}
