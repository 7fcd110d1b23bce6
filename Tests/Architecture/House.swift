/// The floors of the house, lowest first, as `docs/architecture.md` describes them.
///
/// A room is a target. It may import rooms of lower floors and rooms of lower steps on its own floor, and nothing else.
enum Floor: Int, CaseIterable {
    /// C targets, as thin as possible.
    case shims
    /// Protocols as values: no socket, clock, Foundation or SwiftNIO.
    case protocols
    /// Media: sockets, conferences, workers.
    case media
    /// Calls, participants, legs: no HTTP, SQL or sockets.
    case calling
    /// Store, identity, configuration, telemetry: stands beside media and calling, which know nothing of it.
    case platform
    /// What the outside talks to.
    case edges
    /// The executable: composition root and command line.
    case program

    /// The folder under `Sources` that holds the floor's rooms.
    var folder: String {
        switch self {
        case .shims: "Shims"
        case .protocols: "Protocols"
        case .media: "Media"
        case .calling: "Calling"
        case .platform: "Platform"
        case .edges: "Edges"
        case .program: "Switchboard"
        }
    }

    /// The floors that rooms of this floor may import from, besides lower steps of their own.
    var below: Set<Floor> {
        switch self {
        case .shims: []
        case .protocols: [.shims]
        case .media: [.shims, .protocols]
        case .calling: [.protocols, .media]
        case .platform: [.shims, .protocols]
        case .edges: [.shims, .protocols, .media, .calling, .platform]
        case .program: [.shims, .protocols, .media, .calling, .platform, .edges]
        }
    }

    /// The rooms of the floor in steps, lowest first: a room may import rooms of lower steps, never of its own.
    var steps: [[String]] {
        switch self {
        case .shims:
            [["CClock", "CFFmpeg", "COpus", "CSockets", "CSRTP2", "CWebAssets"]]
        case .protocols:
            [
                ["ProtocolCore"],
                ["Cryptography", "NetworkEmulation", "PayloadFormats", "RTP"],
                ["Congestion", "SCTP", "SRTP", "STUN", "TLS"],
                ["DTLS", "DataChannels", "ICE", "TURN"],
                ["SDP"],
            ]
        case .media:
            [["MediaVocabulary"], ["Codecs", "Conference", "MediaIO", "Reception"], ["MediaWorker", "NetworkRelay"]]
        case .calling:
            [["Calling"]]
        case .platform:
            [["Doctor", "ServerConfiguration", "Store", "Telemetry"], ["Identity"]]
        case .edges:
            [["HTTPServer", "Relay"], ["RESTAPI", "Signaling", "WHIP"]]
        case .program:
            [["Switchboard"]]
        }
    }

    /// The modules from outside the package that rooms of this floor may import; `nil`: any.
    var librariesAllowed: Set<String>? {
        switch self {
        case .shims: []
        case .protocols: []
        case .media: ["Collections", "Darwin", "DequeModule", "Glibc", "Logging", "Musl", "Synchronization"]
        case .calling: ["Collections", "DequeModule", "Logging", "Metrics", "OrderedCollections", "Synchronization"]
        case .platform, .edges, .program: nil
        }
    }

    /// The number of the step on which `room` stands.
    func step(of room: String) -> Int? {
        steps.firstIndex { $0.contains(room) }
    }
}

/// Modules that only these rooms may import, because they are not stable or not to be spread.
let soleImporters: [String: Set<String>] = [
    // BoringSSL inside swift-nio-ssl has no stable interface; three rooms hide it, and the version is pinned.
    "CNIOBoringSSL": ["Cryptography", "DTLS", "TLS"],
    "GRDB": ["Store"],
    "JWTKit": ["Identity"],
]
