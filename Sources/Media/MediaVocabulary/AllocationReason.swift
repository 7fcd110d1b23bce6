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
