internal import ICE
internal import MediaIO
internal import ProtocolCore
internal import TLS
internal import TURN

/// The ways of one session besides its UDP socket: TCP connections to the peer, and relays.
///
/// Each ICE restart has links of its own, so that what was in use stays so until the restart has found its path.
final class Detours {
    /// Connections and relays of one session; a server has a few addresses, and a restart doubles them.
    static let maximum = 32

    let policy: TransportPolicy
    var servers: [RelayServer] = []
    var tls: TLSClientContext?
    var connections: [ICEAgent.Path: MediaConnection] = [:]
    var relays: [UInt16: RelayConnection] = [:]
    /// Counts offers that begin a gathering: the first one and those of restarts.
    var generation: UInt16 = 0
    private var nextRelay: UInt16 = 1
    /// The selected path for which the others have been closed.
    var settledPath: ICEAgent.Path?
    /// Why the latest attempt to get a relay came to nothing.
    var lastFailure: String?

    init(_ policy: TransportPolicy) {
        self.policy = policy
    }

    /// Whether there is something to look after.
    var isEmpty: Bool { connections.isEmpty && relays.isEmpty }

    func makeRelayNumber() -> UInt16 {
        defer { nextRelay &+= 1 }
        return nextRelay
    }

    func relay(_ link: Link) -> RelayConnection? {
        guard case .relay(let number) = link else { return nil }
        return relays[number]
    }

    func route(of path: ICEAgent.Path) -> Route? {
        switch path.link {
        case .udp: .udp
        case .tcp: .tcp
        case .relay: relay(path.link).map { Route(over: $0.server.uri.transport) }
        }
    }
}
