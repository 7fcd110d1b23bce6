import Calling
import Foundation
import HTTPServer
import Logging
import MediaIO
import MediaWorker
import Metrics
import NIOCore
import ProtocolCore
import Relay
import ServerConfiguration
import ServiceLifecycle
import Signaling
import Store
import Synchronization
import TURN
import Telemetry
import WHIP

/// What brings clients to the media ports where UDP does not: the TURN server and the TCP doors of the workers.
struct RelaySide: Sendable {
    var services: [any Service]
    /// What the TLS listener speaks besides HTTP.
    var streamProtocol: ByteStreamProtocol?
    /// The servers that a user is told of, with credentials made at that moment.
    var servers: RelayServers
}

/// The TURN server under the names and with the credentials that clients are given.
final class RelayServers: Sendable {
    private let host: String
    private let port: UInt16?
    private let secret: [UInt8]
    private let lifetime: Duration
    /// Known once the listener is open.
    private let securePort = Mutex<Int?>(nil)

    /// - Parameter port: The TURN server's UDP and TCP port; nil when there is no TURN server.
    init(settings: Settings, port: UInt16?, secret: [UInt8]) {
        host = settings.turnHost.contains(":") ? "[\(settings.turnHost)]" : settings.turnHost
        self.port = port
        self.secret = secret
        lifetime = settings.turnCredentialLifetime
    }

    func secureListening(port: Int) {
        securePort.withLock { $0 = port }
    }

    private var urls: [String] {
        guard let port else { return [] }
        let plain = ["turn:\(host):\(port)?transport=udp", "turn:\(host):\(port)?transport=tcp"]
        return plain + (securePort.withLock { $0 }.map { ["turns:\(host):\($0)?transport=tcp"] } ?? [])
    }

    private func credentials(of user: UserID) -> TURNCredentials {
        let now = Int64(Date().timeIntervalSince1970)
        return TURNCredentials(
            user: user.rawValue, expiringAt: now + lifetime.components.seconds, secret: secret)
    }

    /// As signalling tells them.
    func mediaServers(for user: UserID) -> MediaServers {
        let urls = urls
        guard !urls.isEmpty else { return .none }
        let credentials = credentials(of: user)
        return MediaServers(
            servers: [.init(urls: urls, username: credentials.username, credential: credentials.password)],
            expiresInSeconds: Int(lifetime.components.seconds))
    }

    /// As WHIP and WHEP tell them.
    func iceServers(for user: UserID) -> [ICEServer] {
        let credentials = credentials(of: user)
        return urls.map { ICEServer(url: $0, username: credentials.username, credential: credentials.password) }
    }
}

/// How the media workers are reached, from outside and from this machine.
struct MediaReach: Sendable {
    /// Where the workers' sockets are bound; the port does not count.
    let bind: SocketEndpoint
    /// What clients are told, best first.
    let advertised: [SocketEndpoint]
    private let local: [SocketEndpoint]

    init(_ settings: Settings) {
        local = SocketEndpoint.interfaceAddresses()
        bind =
            SocketEndpoint(address: settings.mediaBindAddress ?? BindAddress(interfaces: local).everything, port: 0)
            ?? SocketEndpoint(ipv4: 0, port: 0)
        let given = settings.mediaAdvertisedAddresses.compactMap { SocketEndpoint(address: $0, port: 0) }
        let (bind, isDevelopment) = (bind, settings.isDevelopment)
        if !given.isEmpty {
            advertised = given
        } else if !bind.isWildcard {
            advertised = [bind]
        } else {
            advertised = local.filter { (bind.isIPv6 || !$0.isIPv6) && (isDevelopment || !$0.isLoopback) }
        }
    }

    /// Where a worker is reached from this machine, for a socket that has the address `source`; nil when the worker
    /// takes no packets of that family.
    func worker(port: UInt16, from source: SocketEndpoint) -> SocketEndpoint? {
        guard takes(isIPv6: source.isIPv6) else { return nil }
        // A socket that takes everything is reached under the sender's own address.
        var endpoint = bind.isWildcard ? source : bind
        endpoint.port = port
        return endpoint
    }

    private func takes(isIPv6: Bool) -> Bool {
        bind.isIPv6 == isIPv6 || bind.isIPv6 && bind.isWildcard
    }

    /// The relayed address of a family; nil where the workers have none of that family.
    func relayAddress(isIPv6: Bool, wanted: [SocketEndpoint]) -> TURNConfiguration.RelayAddress? {
        guard takes(isIPv6: isIPv6), let first = advertised.first(where: { $0.isIPv6 == isIPv6 }) else { return nil }
        let loopback = isIPv6 ? SocketEndpoint(ipv6High: 0, low: 1, port: 0) : SocketEndpoint.loopback(port: 0)
        let own =
            wanted.first { $0.isIPv6 == isIPv6 }
            ?? (bind.isWildcard ? advertised.first { $0.isIPv6 == isIPv6 && local.contains($0) } : bind)
            ?? loopback
        return TURNConfiguration.RelayAddress(bind: own, advertised: own.isLoopback ? first : own)
    }
}

extension SocketEndpoint {
    fileprivate var isWildcard: Bool { high == 0 && low == 0 }
}

/// Opens the media ports: the workers' UDP sockets and, on the same numbers, their TCP doors.
func openMedia(
    _ settings: Settings, reach: MediaReach, metering: RelayMetering, logger: Logger
) async throws -> (MediaEngine, ICETCPAcceptor?) {
    var attempt = 1
    while true {
        let engine = try await makeMediaEngine(settings, reach: reach, relayedPorts: metering.ports)
        guard settings.isMediaTCPEnabled else { return (engine, nil) }
        let doors = engine.ports.compactMap { port -> ICETCPAcceptor.Door? in
            var listen = reach.bind
            listen.port = port
            let source =
                reach.bind.isIPv6 && !reach.bind.isWildcard
                ? SocketEndpoint(ipv6High: 0, low: 1, port: 0) : SocketEndpoint.loopback(port: 0)
            return reach.worker(port: port, from: source).map { .init(listen: listen, worker: $0) }
        }
        do {
            var limits = RelayLimits()
            limits.connectionsPerAddress = settings.turnConnectionsPerAddress
            return (engine, try await ICETCPAcceptor(doors, limits: limits, meter: metering, logger: logger))
        } catch let error as IOError {
            await engine.stop()
            // With port 0 the kernel chooses a number for UDP, which may be taken for TCP.
            guard settings.mediaPort == 0, attempt < 5 else {
                let ports = settings.mediaPort..<settings.mediaPort + doors.count
                throw ListenError(
                    address: "\(reach.bind.address), TCP port \(settings.mediaPort) or one after it",
                    code: error.errnoCode, settingKey: "media.port", holder: PortHolder.sentence(.tcp, ports))
            }
            attempt += 1
        }
    }
}

/// Puts together the TURN server and what it needs to know of the media workers.
func composeRelay(
    on platform: Platform, mediaPorts: [UInt16], reach: MediaReach, acceptor: ICETCPAcceptor?, metering: RelayMetering
) async throws -> RelaySide {
    let settings = platform.settings
    var services: [any Service] = [RelayMeasurement(metering: metering)]
    if let acceptor { services.append(acceptor) }
    guard settings.isTURNEnabled else {
        return RelaySide(
            services: services, streamProtocol: nil,
            servers: RelayServers(settings: settings, port: nil, secret: []))
    }
    let secret = try turnSecret(in: platform.folder)
    let wanted = settings.turnRelayAddresses.compactMap { SocketEndpoint(address: $0, port: 0) }
    let families = [false, true].compactMap { reach.relayAddress(isIPv6: $0, wanted: wanted) }
    var known: [SocketEndpoint: SocketEndpoint] = [:]
    for address in reach.advertised {
        guard let family = families.first(where: { $0.bind.isIPv6 == address.isIPv6 }) else { continue }
        for port in mediaPorts {
            var name = address
            name.port = port
            known[name] = reach.worker(port: port, from: family.bind)
        }
    }
    var configuration = TURNConfiguration(
        listen: SocketEndpoint(
            address: settings.turnBindAddress ?? BindAddress().everything, port: UInt16(clamping: settings.turnPort))
            ?? SocketEndpoint(ipv4: 0, port: 0),
        realm: settings.turnHost, secret: secret,
        policy: TURNPeerPolicy(
            mediaPorts: known, ranges: settings.turnAllowedPeers.compactMap(AddressRange.init(text:))))
    configuration.relayIPv4 = families.first { !$0.bind.isIPv6 }
    configuration.relayIPv6 = families.first { $0.bind.isIPv6 }
    configuration.limits.allocations = settings.turnAllocations
    configuration.limits.allocationsPerUser = settings.turnAllocationsPerUser
    configuration.limits.connectionsPerAddress = settings.turnConnectionsPerAddress
    let relay: TURNRelay
    do {
        relay = try await TURNRelay(configuration, meter: metering, logger: platform.logger)
    } catch let error as IOError {
        let ports = settings.turnPort..<settings.turnPort + 1
        throw ListenError(
            address: "\(configuration.listen.address), UDP and TCP port \(settings.turnPort)", code: error.errnoCode,
            settingKey: "turn.port",
            holder: PortHolder.sentence(.udp, ports) ?? PortHolder.sentence(.tcp, ports))
    }
    services.append(relay)
    return RelaySide(
        services: services,
        streamProtocol: ByteStreamProtocol(
            applicationProtocol: "stun.turn",
            recognize: { bytes in
                switch TURNStreamFraming.recognize(bytes.readableBytesSpan) {
                case .turn: .recognized
                case .somethingElse: .foreign
                case .undecided: .undecided
                }
            },
            takeOver: { try relay.takeOver($0) }),
        servers: RelayServers(settings: settings, port: relay.port, secret: secret))
}

/// The secret of the TURN credentials: made at the first start and kept, so that a restart voids none.
private func turnSecret(in folder: DataFolder) throws -> [UInt8] {
    let file = "turn-secret"
    if let text = try folder.readText(file) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.utf8.count >= 16 else {
            throw DataFolderError.damaged(
                path: folder.path(of: file), reason: "it is shorter than 16 characters")
        }
        return Array(trimmed.utf8)
    }
    var generator = SystemRandomNumberGenerator()
    let text = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }).base64EncodedString()
    try folder.replace(file, with: text + "\n")
    return Array(text.utf8)
}

extension AddressRange {
    /// Reads `10.0.0.0/8` or a single address.
    fileprivate init?(text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let base = SocketEndpoint(address: String(first), port: 0) else { return nil }
        let whole = base.isIPv6 ? 128 : 32
        guard let length = parts.count == 2 ? Int(parts[1]) : whole else { return nil }
        self.init(base, prefixLength: length)
    }
}

/// Keeps the gauges and counters of the relay up to date.
struct RelayMeasurement: Service {
    let metering: RelayMetering
    private let totals = RunningTotals()

    init(metering: RelayMetering) {
        self.metering = metering
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var hits: [String: Int] = [:]
            while !Task.isCancelled {
                measure()
                countHits(since: &hits)
                do { try await Task.sleep(for: CallMeasurement.interval) } catch { return }
            }
        }
    }

    private func countHits(since before: inout [String: Int]) {
        let hits = metering.counters.limitHits
        for (limit, count) in hits {
            Counter(label: "switchboard_limit_hits", dimensions: [("limit", limit)])
                .increment(by: count - before[limit, default: 0])
        }
        before = hits
    }

    private func measure() {
        let counters = metering.counters
        let present: [(String, Int)] = [
            ("turn_allocations", counters.allocations),
            ("turn_connections", counters.streamConnections),
            ("ice_tcp_connections", counters.mediaConnections),
        ]
        for (name, value) in present { Gauge(label: "switchboard_\(name)").record(value) }
        let totals: [(String, Int)] = [
            ("turn_allocations_made", counters.allocationsMade),
            ("turn_packets_to_peers", counters.packetsToPeers),
            ("turn_bytes_to_peers", counters.bytesToPeers),
            ("turn_packets_to_clients", counters.packetsToClients),
            ("turn_bytes_to_clients", counters.bytesToClients),
            ("turn_refused_packets", counters.refusedPackets),
            ("ice_tcp_connections_made", counters.mediaConnectionsMade),
            ("relay_dropped_packets", counters.droppedPackets),
            ("relay_refused_connections", counters.refusedConnections),
        ]
        for (name, value) in totals { self.totals.record(value, "switchboard_\(name)") }
        for (code, count) in counters.refusedRequests {
            self.totals.record(count, "switchboard_turn_refused_requests", [("code", "\(code)")])
        }
    }
}
