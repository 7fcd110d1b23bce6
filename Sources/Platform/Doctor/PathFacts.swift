/// What is known of the ways that media may take, each tried by a call of the server to itself.
public struct PathFacts: Sendable, Hashable {
    /// The ways, best first.
    public enum Path: String, Sendable, Hashable, CaseIterable {
        case udp = "UDP"
        case tcp = "ICE over TCP"
        case turnUDP = "TURN over UDP"
        case turnTCP = "TURN over TCP"
        case turnTLS = "TURN over TLS"

        /// The settings by which it is switched on and reached.
        var settings: String {
            switch self {
            case .udp: "media.port and media.advertisedAddresses"
            case .tcp: "media.tcp, media.port and media.advertisedAddresses"
            case .turnUDP, .turnTCP: "turn.port and turn.host"
            case .turnTLS: "https.port, turn.host and the certificate"
            }
        }
    }

    public enum Outcome: Sendable, Hashable {
        /// Sound came through after this time in milliseconds.
        case works(milliseconds: Int)
        /// Nothing came through, for this reason.
        case fails(reason: String)
        /// The settings switch it off.
        case off
        /// It could not be tried, for this reason.
        case notTried(reason: String)
    }

    public var outcomes: [Path: Outcome]
    /// What a client that may take any way took; nil where that was not tried.
    public var chosen: Path?
    /// How many participants' media takes ICE over TCP at present.
    public var overTCP: Int

    public init(outcomes: [Path: Outcome], chosen: Path? = nil, overTCP: Int = 0) {
        self.outcomes = outcomes
        self.chosen = chosen
        self.overTCP = overTCP
    }

    public var findings: [Finding] {
        var found: [Finding] = []
        for path in Path.allCases {
            guard let outcome = outcomes[path] else { continue }
            found.append(finding(path, outcome))
        }
        return found + preferenceFindings
    }

    private var udpWorks: Bool {
        if case .works? = outcomes[.udp] { true } else { false }
    }

    private func finding(_ path: Path, _ outcome: Outcome) -> Finding {
        switch outcome {
        case .works(let milliseconds):
            return .ok(.paths, "works", "\(path.rawValue) works; sound came through after \(milliseconds) ms.")
        case .fails(let reason):
            let transport = path == .udp || path == .turnUDP ? "UDP" : "TCP"
            return .problem(
                .paths, "fails", "\(path.rawValue) does not work: \(reason).",
                remedy:
                    "Let \(transport) through to the port at every firewall on the way, the provider's too, and check "
                    + "\(path.settings).")
        case .off:
            if path == .udp { return .ok(.paths, "off", "\(path.rawValue) is off.") }
            return .warning(
                .paths, "off", "\(path.rawValue) is off, so clients in networks that block UDP have fewer ways.",
                remedy: path == .tcp ? "Set media.tcp to true." : "Set turn.enabled to true.")
        case .notTried(let reason):
            return .warning(
                .paths, "notTried", "\(path.rawValue) was not tried: \(reason).",
                remedy: "Run the doctor beside the server, with its settings.")
        }
    }

    private var preferenceFindings: [Finding] {
        guard udpWorks else { return [] }
        if let chosen, chosen != .udp {
            return [
                .problem(
                    .paths, "detour", "UDP works, but a client that may choose took \(chosen.rawValue).",
                    remedy:
                        "Compare media.advertisedAddresses with the addresses of this machine: answers may leave from "
                        + "another one.")
            ]
        }
        if overTCP > 0 {
            return [
                .warning(
                    .paths, "mediaOverTCP",
                    "UDP works from here, but the media of \(overTCP) participant\(overTCP == 1 ? "" : "s") takes TCP, which "
                        + "loses pictures on bad links.",
                    remedy: "Where these are many, a firewall between them and the server drops UDP to the media ports."
                )
            ]
        }
        return []
    }
}
