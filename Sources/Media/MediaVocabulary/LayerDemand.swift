public import ProtocolCore

/// Whether anybody watches one of the streams of different size that carry a picture, and how much of it they can use.
public struct LayerDemand: Hashable, Sendable {
    /// Its name in the offer (RFC 8851); nil when the picture is sent as a single stream.
    public var rid: Rid?
    /// What nobody watches the publisher may pause.
    public var isWanted: Bool
    /// The most that anybody who watches can use, in bits per second; nil for no limit.
    public var maximumBitrate: Int?

    public init(rid: Rid?, isWanted: Bool, maximumBitrate: Int? = nil) {
        self.rid = rid
        self.isWanted = isWanted
        self.maximumBitrate = maximumBitrate
    }
}
