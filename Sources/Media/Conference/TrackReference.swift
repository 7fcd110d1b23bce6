public import MediaVocabulary

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
