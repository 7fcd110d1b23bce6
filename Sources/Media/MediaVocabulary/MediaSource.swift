/// A track within its conference.
public struct TrackReference: Hashable, Sendable {
    public var member: Int32
    public var source: MediaSource

    @inlinable
    public init(member: Int32, source: MediaSource) {
        self.member = member
        self.source = source
    }
}

/// What a participant can publish: one track of each.
public enum MediaSource: UInt8, Sendable, CaseIterable {
    case microphone
    case camera
    case screen
}
