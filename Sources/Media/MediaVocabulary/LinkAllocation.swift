public import Congestion
public import PayloadFormats
public import ProtocolCore

/// What a receiver's link carries, how it is divided among its slots, and why.
public struct LinkAllocation: Hashable, Sendable {
    /// What goes into one slot.
    public struct Slot: Hashable, Sendable {
        public var mid: Mid
        /// The layer that is sent; nil for a single stream, or when nothing is sent.
        public var rid: Rid?
        /// Nil while unknown.
        public var size: PictureSize?
        /// In bits per second; 0 when nothing is sent.
        public var bitrate: Int
        /// The highest temporal layer that is sent; nil for all.
        public var temporal: UInt8?
        /// Why not more.
        public var reason: AllocationReason

        public init(
            mid: Mid, rid: Rid?, size: PictureSize?, bitrate: Int, temporal: UInt8? = nil, reason: AllocationReason
        ) {
            self.mid = mid
            self.rid = rid
            self.size = size
            self.bitrate = bitrate
            self.temporal = temporal
            self.reason = reason
        }
    }

    /// What may be sent to the receiver, in bits per second; nil while that is unknown.
    public var budget: Int?
    /// What would be sent if the link carried anything, in bits per second.
    public var needed: Int
    /// Why the budget is what it is; nil while it is unknown.
    public var state: CongestionState?
    public var slots: [Slot]
    /// How media reaches the receiver.
    public var transport: MediaTransport

    public init(budget: Int?, needed: Int = 0, state: CongestionState?, slots: [Slot], transport: MediaTransport = .udp)
    {
        self.budget = budget
        self.needed = needed
        self.state = state
        self.slots = slots
        self.transport = transport
    }
}
