public import ClientTransport

/// What a participant sees of its call.
public enum CallState: String, Hashable, Sendable {
    case none = "None"
    case connecting = "Connecting"
    case ringing = "Ringing"
    case connected = "Connected"
    case localHold = "LocalHold"
    case remoteHold = "RemoteHold"
    case disconnecting = "Disconnecting"
    case disconnected = "Disconnected"
}

public enum CallDirection: String, Hashable, Sendable {
    case incoming = "Incoming"
    case outgoing = "Outgoing"
}

public enum CallKind: String, Hashable, Sendable {
    case oneToOne
    case group
}

public enum ParticipantState: String, Hashable, Sendable {
    case connecting = "Connecting"
    case ringing = "Ringing"
    case connected = "Connected"
    case hold = "Hold"
    case reconnecting = "Reconnecting"
    case disconnected = "Disconnected"
}

/// Somebody else in a call, as of the last news.
public struct RemoteParticipant: Hashable, Sendable, Identifiable {
    /// Names the participant in this call.
    public let id: String
    public let identifier: CommunicationUserIdentifier
    public var displayName: String?
    public var state: ParticipantState
    public var isMuted: Bool
    public var isOnHold: Bool
    public var isSpeaking: Bool
    /// What it shows.
    public var videoStreams: Set<MediaStreamType>

    init(_ wire: Wire.Participant) {
        id = wire.participantId
        identifier = CommunicationUserIdentifier(wire.userId)
        displayName = wire.displayName
        state = ParticipantState(rawValue: wire.state) ?? .connecting
        isMuted = wire.muted
        isOnHold = wire.onHold
        isSpeaking = wire.speaking
        videoStreams = []
        if wire.camera { videoStreams.insert(.camera) }
        if wire.screen { videoStreams.insert(.screen) }
    }
}

/// How a call is made, joined or accepted.
public struct CallOptions: Sendable {
    public var isMuted: Bool
    public var incomingMedia: IncomingMediaOptions
    /// The names of the simulcast layers in which a camera may be sent, the smallest first; empty for one stream.
    public var cameraLayers: [String]
    /// Which ways media may take.
    public var transport: TransportPolicy
    /// TURN servers to use besides those that the server names.
    public var turnServers: [TURNServerCredentials]

    public init(
        isMuted: Bool = false, incomingMedia: IncomingMediaOptions = IncomingMediaOptions(),
        cameraLayers: [String] = [], transport: TransportPolicy = .any, turnServers: [TURNServerCredentials] = []
    ) {
        self.isMuted = isMuted
        self.incomingMedia = incomingMedia
        self.cameraLayers = cameraLayers
        self.transport = transport
        self.turnServers = turnServers
    }
}

/// A TURN server with a user's name and password for it.
public struct TURNServerCredentials: Hashable, Sendable {
    /// `turn:host:port?transport=udp`, the same with `tcp`, or `turns:host:port` (RFC 7065).
    public var url: String
    public var username: String
    public var password: String

    public init(url: String, username: String, password: String) {
        self.url = url
        self.username = username
        self.password = password
    }
}

/// What happens in a call.
public enum CallEvent: Sendable {
    case stateChanged(CallState)
    case remoteParticipantsUpdated(added: [RemoteParticipant], removed: [RemoteParticipant])
    /// News of somebody who is there.
    case remoteParticipantChanged(RemoteParticipant)
    case mutedChanged(Bool)
    case kindChanged(CallKind)
    /// Who speaks, the loudest first, by participant id; levels from 0 to 1.
    case dominantSpeakersChanged([String], levels: [String: Double])
    /// Whether media flows.
    case mediaConnected
    case mediaInterrupted
    /// Somebody's picture cannot be shown, and why.
    case videoUnavailable(participant: String?, reason: String, message: String)
}
