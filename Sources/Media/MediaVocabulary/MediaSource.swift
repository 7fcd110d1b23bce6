/// What a participant can publish: one track of each.
public enum MediaSource: String, Hashable, Sendable, CaseIterable {
    case microphone
    case camera
    case screen

    /// Its place in tables of all sources.
    @inlinable
    public var index: Int {
        switch self {
        case .microphone: 0
        case .camera: 1
        case .screen: 2
        }
    }
}
