/// One of the streams of different size that carry a picture, and whether anybody watches it.
public struct PublishedLayer: Hashable, Sendable {
    /// Its name in the offer (RFC 8851); nil when the picture is sent as a single stream.
    public var rid: String?
    /// What nobody watches the publisher may pause.
    public var isActive: Bool
    /// The most that anybody who watches can use, in bits per second; nil for no limit.
    public var maximumBitrate: Int?

    public init(rid: String?, isActive: Bool, maximumBitrate: Int? = nil) {
        self.rid = rid
        self.isActive = isActive
        self.maximumBitrate = maximumBitrate
    }
}

/// What a receiver's link carries, how it is divided among its slots, and why.
public struct LinkAllocation: Hashable, Sendable {
    /// What goes into one slot.
    public struct Slot: Hashable, Sendable {
        public var mid: String
        /// The layer that is sent; nil for a single stream, or when nothing is sent.
        public var rid: String?
        /// In pixels; nil while unknown.
        public var width: Int?
        public var height: Int?
        /// In bits per second; 0 when nothing is sent.
        public var bitrate: Int
        /// Why not more: a word of the protocol, such as `bandwidth`.
        public var reason: String

        public init(mid: String, rid: String?, width: Int?, height: Int?, bitrate: Int, reason: String) {
            self.mid = mid
            self.rid = rid
            self.width = width
            self.height = height
            self.bitrate = bitrate
            self.reason = reason
        }
    }

    /// What may be sent to the receiver, in bits per second; nil while that is unknown.
    public var availableBitrate: Int?
    /// Why it is what it is: a word of the protocol, such as `delayLimited`; nil while it is unknown.
    public var state: String?
    public var slots: [Slot]
    /// How media reaches the receiver: `udp`, `tcp` or `relay`.
    public var transport: String

    public init(availableBitrate: Int?, state: String?, slots: [Slot], transport: String = "udp") {
        self.transport = transport
        self.availableBitrate = availableBitrate
        self.state = state
        self.slots = slots
    }
}
