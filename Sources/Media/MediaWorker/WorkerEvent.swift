public import Conference
public import DTLS
public import MediaIO
public import ProtocolCore

/// What a media worker tells about the calls that it carries; participants by the names they were added under.
public enum WorkerEvent: Sendable {
    /// Media flows (again).
    case connected(conference: String, participant: String)
    /// Nothing was heard of the participant for `WorkerCore.silenceLimit`.
    case interrupted(conference: String, participant: String)
    /// The participant has closed its transport (DTLS close_notify), or said goodbye for all of its streams (RTCP BYE).
    case closed(conference: String, participant: String, isGoodbye: Bool)
    /// DTLS failed; no media will ever flow over this transport.
    case failed(conference: String, participant: String, DTLSFailure)
    /// The participant's media goes another way: over TCP or a relay, where UDP did not get through, or by UDP again.
    case transportChanged(conference: String, participant: String, MediaTransport)
    /// Who speaks, loudest first; levels 0 (silence) ... 1.
    case speakers(conference: String, dominant: [String], levels: [String: Double])
    case slots(conference: String, participant: String, [SlotContent])
    /// Please let this participant send with another codec.
    case codecWanted(conference: String, participant: String, mid: Mid, codec: MediaCodec, instead: MediaCodec)
    /// Tell this participant which layers of what it sends on an m-line anybody watches.
    case layers(conference: String, participant: String, mid: Mid, [LayerDemand])
    /// What a receiver gets, and why not more.
    case allocation(conference: String, participant: String, ReceiverAllocation)

    /// What one receiver gets on its link, in bits per second.
    public struct ReceiverAllocation: Sendable, Hashable {
        /// Nil while its link is unknown.
        public var budget: Int?
        /// What would be sent if the link carried anything.
        public var needed: Int
        /// Why the budget is what it is; nil while the link is unknown.
        public var state: String?
        public var slots: [SlotAllocation]
        /// How the media reaches the receiver.
        public var transport = MediaTransport.udp
    }

    /// One slot, with the name of whoever is in it.
    public struct SlotContent: Sendable, Hashable {
        public var mid: Mid
        public var participant: String?
        public var source: MediaSource?
        public var state: SlotReport.State
        public var codec: MediaCodec?
    }
}
