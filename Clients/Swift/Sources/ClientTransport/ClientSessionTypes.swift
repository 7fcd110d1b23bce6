public import Congestion
public import DTLS
public import DataChannels
public import ICE
public import ProtocolCore
public import RTP
public import SDP

extension ClientSession {
    /// What a session is made of; everything random or timed is told here.
    public struct Configuration: Sendable {
        public var identity: DTLSIdentity
        public var ice: ICECredentials
        /// Controlling for whoever offers.
        public var role = ICEAgent.Role.controlling
        /// The addresses of the sockets that datagrams leave from.
        public var localEndpoints: [SocketEndpoint]
        /// Random: SSRCs, sequence numbers and transaction ids are made of it.
        public var seed: UInt64
        /// The name by which our streams are known to belong together (RFC 7022).
        public var canonicalName: String
        /// The wall clock at `Instant.zero`, since 1970, for sender reports.
        public var wallClockAtZero: Duration = .zero
        public var startBitrate = CongestionController.defaultStart
        public var maximumBitrate = CongestionController.defaultMaximum

        public init(
            identity: DTLSIdentity, ice: ICECredentials, localEndpoints: [SocketEndpoint], seed: UInt64,
            canonicalName: String
        ) {
            self.identity = identity
            self.ice = ice
            self.localEndpoints = localEndpoints
            self.seed = seed
            self.canonicalName = canonicalName
        }
    }

    /// What happened.
    public enum Event: Hashable, Sendable {
        /// Keys are agreed: media may flow.
        case connected
        /// The path does not answer at present, or does again.
        case interrupted
        case resumed
        /// No path works, or consent is gone: an ICE restart is called for.
        case pathLost
        /// DTLS failed or the peer closed it; nothing will ever flow again.
        case ended(reason: String)
        /// Somebody cannot decode: please send a keyframe of this stream.
        case keyframeWanted(Mid, Rid?)
        /// Data may be sent.
        case dataOpened
        /// Somebody's data message arrived.
        case data(DataChannelKind, DataEnvelope)
        /// There are no data channels any more.
        case dataClosed
    }

    /// Names a stream that we send.
    public struct StreamID: Hashable, Sendable {
        let index: Int
    }

    /// What was counted since the beginning.
    public struct Counters: Hashable, Sendable {
        public var sentPackets = 0
        public var sentBytes = 0
        public var retransmittedPackets = 0
        public var paddingPackets = 0
        /// Frames left out because the link does not carry them.
        public var droppedFrames = 0
        public var receivedPackets = 0
        public var receivedBytes = 0
        /// Packets that came as retransmissions.
        public var recoveredPackets = 0
        /// Packets that did not authenticate, came twice, or could not be read.
        public var refusedPackets = 0
        /// Packets of an SSRC that no slot accounts for.
        public var unknownPackets = 0
        public var sentDataMessages = 0
        public var receivedDataMessages = 0
        /// Data messages that could not be read.
        public var refusedDataMessages = 0
        public var sentNacks = 0
        public var sentKeyframeRequests = 0
        public var receivedKeyframeRequests = 0
    }
}

/// A media packet that arrived, without its payload.
public struct ReceivedPacket: Hashable, Sendable {
    public var mid: Mid
    public var purpose: LinePurpose
    public var ssrc: SSRC
    public var codec: Codec
    public var sequence: SequenceNumber
    public var timestamp: RTPTimestamp
    public var marker: Bool
    public var audioLevel: AudioLevel?
    public var orientation: UInt8?
    public var arrival: Instant
    /// It was lost and came as a retransmission.
    public var isRecovered: Bool
    /// The payload has copies of earlier packets (RFC 2198).
    public var isRedundant: Bool

    public init(
        mid: Mid, purpose: LinePurpose, ssrc: SSRC, codec: Codec, sequence: SequenceNumber, timestamp: RTPTimestamp,
        marker: Bool, audioLevel: AudioLevel? = nil, orientation: UInt8? = nil, arrival: Instant,
        isRecovered: Bool = false, isRedundant: Bool = false
    ) {
        self.mid = mid
        self.purpose = purpose
        self.ssrc = ssrc
        self.codec = codec
        self.sequence = sequence
        self.timestamp = timestamp
        self.marker = marker
        self.audioLevel = audioLevel
        self.orientation = orientation
        self.arrival = arrival
        self.isRecovered = isRecovered
        self.isRedundant = isRedundant
    }
}

/// Why a session cannot go on with an answer.
public struct ClientSessionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence for a person.
    public let message: String

    init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}
