/// The two kinds of media that are negotiated.
public enum MediaKind: String, Hashable, Sendable {
    case audio
    case video
}

/// What a client uses an m-line for: to send one of its sources, or as a slot to receive any source in.
public enum LinePurpose: String, CaseIterable, Hashable, Sendable {
    case microphone
    case camera
    case screen
    case audioSlot
    case videoSlot
    case screenSlot

    public var kind: MediaKind {
        switch self {
        case .microphone, .audioSlot: .audio
        case .camera, .screen, .videoSlot, .screenSlot: .video
        }
    }

    /// Whether the server sends on the line.
    public var isSlot: Bool {
        switch self {
        case .audioSlot, .videoSlot, .screenSlot: true
        case .microphone, .camera, .screen: false
        }
    }

    /// What a line of a client is for that does not say it: its direction tells.
    static func assumed(for kind: MediaKind, offered: MediaDirection) -> [LinePurpose] {
        let published: LinePurpose = kind == .audio ? .microphone : .camera
        let slot: LinePurpose = kind == .audio ? .audioSlot : .videoSlot
        return (offered.sends ? [published] : []) + (offered.receives ? [slot] : [])
    }
}

/// How many lines of each purpose one client may have in use.
public struct LineLimits: Hashable, Sendable {
    public var microphones = 1
    public var cameras = 1
    public var screens = 1
    public var audioSlots = 3
    public var videoSlots = 25
    public var screenSlots = 1

    public init() {}

    public subscript(purpose: LinePurpose) -> Int {
        switch purpose {
        case .microphone: microphones
        case .camera: cameras
        case .screen: screens
        case .audioSlot: audioSlots
        case .videoSlot: videoSlots
        case .screenSlot: screenSlots
        }
    }
}
