public import MediaVocabulary
public import PayloadFormats
public import ProtocolCore

/// What was decided for one slot.
public struct SlotAllocation: Hashable, Sendable {
    public var mid: Mid
    public var source: TrackReference
    /// Nil when the publisher sends a single stream, or nothing is sent into the slot.
    public var rid: Rid?
    /// In pixels, when known.
    public var size: PictureSize?
    /// What it takes, in bits per second; 0 when nothing is sent.
    public var bitrate: Int
    /// The highest temporal layer that is sent; nil for all.
    public var temporal: UInt8?
    public var reason: AllocationReason
}

/// What one receiver gets, and why not more.
public struct AllocationReport: Hashable, Sendable {
    /// What may be sent to it, in bits per second; nil while its link is unknown.
    public var budget: Int?
    /// What would be sent if the link carried anything.
    public var needed: Int
    public var slots: [SlotAllocation]
}
