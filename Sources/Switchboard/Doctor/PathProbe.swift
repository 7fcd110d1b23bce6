import ClientTransport
import DTLS
import Doctor
import Foundation
import NIOHTTP1
import ServerConfiguration
import TURN

/// Tries every way that media may take, each by a call of the server to itself.
struct PathProbe {
    private let settings: Settings
    private let service: DoctorService

    init(_ settings: Settings, service: DoctorService) {
        self.settings = settings
        self.service = service
    }

    /// Nil where no server runs.
    func facts(readiness: ServiceFacts.Answer) async -> PathFacts? {
        switch readiness {
        case .notAsked: return nil
        case .failed: return untried("\(service.origin) cannot be reached")
        case .status: break
        }
        do {
            let overTCP = await service.gauge("switchboard_ice_tcp_connections") ?? 0
            let patient = try await service.makeUser()
            do {
                var facts = try await callThroughAll(as: patient)
                facts.overTCP = overTCP
                await service.delete(patient)
                return facts
            } catch {
                await service.delete(patient)
                throw error
            }
        } catch {
            return untried("\(error)")
        }
    }

    private func untried(_ reason: String) -> PathFacts {
        PathFacts(
            outcomes: Dictionary(uniqueKeysWithValues: PathFacts.Path.allCases.map { ($0, .notTried(reason: reason)) }))
    }

    private func callThroughAll(as patient: DoctorService.Patient) async throws -> PathFacts {
        let loop = try TransportLoop(name: "doctor")
        let relays = try await relays(for: patient)
        let identity = try DTLSIdentity.generate(unixTime: Int64(Date().timeIntervalSince1970))
        let tls = relays.contains { $0.uri.transport == .tls } ? service.tlsContext() : nil
        func call(_ policy: TransportPolicy, _ servers: [RelayServer]) -> DoctorCall {
            DoctorCall(
                loop: loop, service: service, token: patient.token, identity: identity, policy: policy, relays: servers,
                tls: tls)
        }
        var outcomes: [PathFacts.Path: PathFacts.Outcome] = [:]
        var chosen: PathFacts.Path?
        await withTaskGroup(of: (PathFacts.Path?, DoctorCall.Outcome).self) { group in
            for path in PathFacts.Path.allCases {
                let servers = relays.filter { $0.uri.transport == path.relayTransport }
                if path == .tcp, !settings.isMediaTCPEnabled {
                    outcomes[path] = .off
                    continue
                }
                if path.policy == .relay, !settings.isTURNEnabled {
                    outcomes[path] = .off
                    continue
                }
                if path.policy == .relay, servers.isEmpty {
                    outcomes[path] = .fails(reason: "the server names no TURN server for it")
                    continue
                }
                let one = call(path.policy, servers)
                group.addTask { (path, await one.play()) }
            }
            let free = call(.any, relays)
            group.addTask { (nil, await free.play()) }
            for await (path, outcome) in group {
                if let path {
                    outcomes[path] = outcome.of(path)
                } else {
                    chosen = outcome.route.flatMap { PathFacts.Path($0) }
                }
            }
        }
        await loop.stop()
        return PathFacts(outcomes: outcomes, chosen: chosen)
    }

    /// The TURN servers that the server names, with credentials (RFC 9725 §4.6).
    private func relays(for patient: DoctorService.Patient) async throws -> [RelayServer] {
        let url = "\(service.origin)/switchboard/v1/whip/\(UUID().uuidString.lowercased())"
        let answer = try await service.request(.OPTIONS, url, [("Authorization", "Bearer \(patient.token)")])
        return answer.headers["Link"].flatMap { $0.split(separator: ",") }.compactMap { RelayServer(link: String($0)) }
    }
}

extension RelayServer {
    /// Reads `<turn:…>; rel="ice-server"; username="…"; credential="…"; credential-type="password"`.
    init?(link: String) {
        guard let start = link.firstIndex(of: "<"), let end = link.firstIndex(of: ">"), start < end,
            let uri = TURNURI(String(link[link.index(after: start)..<end]))
        else { return nil }
        func value(_ name: String) -> String? {
            guard let found = link.range(of: "; \(name)=\"") else { return nil }
            return link[found.upperBound...].firstIndex(of: "\"").map { String(link[found.upperBound..<$0]) }
        }
        guard let username = value("username"), let credential = value("credential") else { return nil }
        self.init(uri: uri, username: username, password: credential)
    }
}

extension PathFacts.Path {
    var policy: TransportPolicy {
        switch self {
        case .udp: .udp
        case .tcp: .tcp
        case .turnUDP, .turnTCP, .turnTLS: .relay
        }
    }

    var relayTransport: TURNClient.Transport? {
        switch self {
        case .udp, .tcp: nil
        case .turnUDP: .udp
        case .turnTCP: .tcp
        case .turnTLS: .tls
        }
    }

    init?(_ route: Route) {
        switch route {
        case .udp: self = .udp
        case .tcp: self = .tcp
        case .relayedOverUDP: self = .turnUDP
        case .relayedOverTCP: self = .turnTCP
        case .relayedOverTLS: self = .turnTLS
        }
    }
}
