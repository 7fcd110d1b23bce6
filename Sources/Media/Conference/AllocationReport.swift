public import PayloadFormats
public import ProtocolCore

/// Why a receiver gets what it gets in a slot, and not more.
public enum AllocationReason: String, Hashable, Sendable, CaseIterable {
    /// Nothing better exists.
    case best
    /// A better layer would be larger than the view.
    case viewSize
    /// A better layer does not fit into what the receiver's link carries.
    case bandwidth
    /// It fell lately and is held back for a while, so that it does not waver.
    case caution
    /// What the link carries went to a screen share or a larger view.
    case priority
    /// The link does not even carry the smallest layer.
    case paused
    /// The publisher does not send a better layer at the moment.
    case notSent
    /// The publisher's own link does not carry a better layer.
    case publisherBandwidth
    /// The server has no time for more.
    case serverBusy
}

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

/// Whether anybody watches a layer, and how much of it they can use.
public struct LayerDemand: Hashable, Sendable {
    /// Nil for a track that is not simulcast.
    public var rid: Rid?
    public var isWanted: Bool
    /// Bits per second; nil for as much as the publisher likes.
    public var maximumBitrate: Int?
}
