public import Conference
internal import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
internal import MediaVocabulary
public import ProtocolCore
internal import RTP
internal import SRTP

/// One participant's transport: ICE, DTLS and SRTP over the worker's socket, and the streams that arrive on it.
struct Peer: ~Copyable {
    /// Streams that one peer may send; what goes beyond is dropped. A microphone, a camera with three layers and a
    /// screen, the video with retransmissions, twice over for streams that begin anew.
    static let streamLimit = 20
    /// Streams that it may begin anew at once, and a second: each costs its receivers a keyframe.
    static let streamChangeBurst = 64
    static let streamChangeRate = 10

    /// Checks that are looked into at once, and a second. A browser makes some hundred in its first second; a flood of
    /// forged ones costs the worker no more than this.
    static let checkBurst = 400
    static let checkRate = 200

    let index: Int32
    let participant: ParticipantID
    let conferenceName: CallID
    let conference: UnsafeMutablePointer<Conference>
    let member: Int32
    /// Where its conference is in the schedule.
    let conferenceIndex: Int
    /// Under which name our own RTCP speaks.
    let controlSSRC: SSRC
    /// Canonical name of everything we send to this peer (RFC 3550 §6.5.1).
    let canonicalName: String

    var ice: ICELiteAgent
    var dtls: DTLSSession
    /// The ways to it, and what is known of each.
    let paths = PeerPaths()
    /// Where packets go; nil until a path is known to be the peer's.
    var destination: NetworkPath?
    /// How its media reaches this machine.
    var transport = MediaTransport.udp
    /// Where the flights of a handshake go until then: the pair that it has nominated or else checked last.
    var handshakePath: NetworkPath?
    /// Flights that must wait until more may be sent there.
    var held: [[UInt8]] = []

    /// Keys, once DTLS has agreed on them.
    var sender: UnsafeMutablePointer<SRTPSender>?
    var receiver: UnsafeMutablePointer<SRTPReceiver>?

    var description: PeerDescription
    /// What it wants to see, by name: also of participants whose media is not there yet, or has begun anew.
    var wishes: [Mid: SlotRequest] = [:]
    var layout: HeaderLayout
    let streams: UnsafeMutablePointer<IncomingStream>
    var streamCount = 0
    var checks = TokenBucket(rate: Double(Peer.checkRate), burst: Double(Peer.checkBurst))
    var streamChanges = TokenBucket(rate: Double(Peer.streamChangeRate), burst: Double(Peer.streamChangeBurst))
    /// What was sent lately to slots without retransmission streams; nil when it has none such.
    var sentPackets: UnsafeMutablePointer<SentPackets>?
    var nextTransportSequence: UInt16 = 0
    /// Large, and used packet by packet, so it stays in one place.
    let control: UnsafeMutablePointer<SendControl>
    let arrivals: UnsafeMutablePointer<TransportFeedbackRecorder>
    var nextIntraRequest: UInt8 = 0
    /// Its data channels; nil unless it asked for some.
    var data: UnsafeMutablePointer<DataLink>?
    /// How far it is with durable messages.
    var durable = DurableIntake()
    /// What it sends and may send, as the call said last; whoever comes is held until the call says otherwise.
    var media = ParticipantMedia(isOnHold: true)
    var lastReceiverReport: Instant
    /// How long the way to it and back takes, by its reports; nil until it told.
    var roundTrip: Duration?
    /// When its silence and reports, and the controller of its link, are looked after next.
    var nextWatch = Instant.zero
    var nextControl = Instant.zero
    /// Nothing was ever sent to it, so there is nothing to control until something is.
    var isControlIdle = false
    /// When a packet of media came last, and so losses and arrivals are to be told.
    var lastMedia = Instant(nanoseconds: -WorkerCore.mediaPause)
    /// Whether pictures wait until the link is alive again, and when it was last tried.
    var isStalled = false
    var lastKnock = Instant.zero
    var lastHeard: Instant
    /// What the application was last told.
    var isConnected = false
    var hasConnected = false
    /// It has ended its DTLS connection; only another transport brings it back.
    var isClosed = false
    var counters = PeerCounters()

    init(
        index: Int32, participant: ParticipantID, conferenceName: CallID, conference: UnsafeMutablePointer<Conference>,
        member: Int32, conferenceIndex: Int, controlSSRC: SSRC, canonicalName: String, description: PeerDescription,
        dtls: consuming DTLSSession, startBitrate: Bitrate, now: Instant
    ) {
        self.index = index
        self.participant = participant
        self.conferenceName = conferenceName
        self.conference = conference
        self.member = member
        self.conferenceIndex = conferenceIndex
        self.controlSSRC = controlSSRC
        self.canonicalName = canonicalName
        self.description = description
        self.dtls = dtls
        ice = ICELiteAgent(local: description.localICE, remote: description.remoteICE)
        layout = HeaderLayout(description.extensions)
        streams = .allocate(capacity: Peer.streamLimit)
        arrivals = .allocate(capacity: 1)
        arrivals.initialize(to: TransportFeedbackRecorder(sender: controlSSRC, media: SSRC(0)))
        control = .allocate(capacity: 1)
        control.initialize(to: SendControl(start: startBitrate))
        control.pointee.configure(
            numbersPackets: layout.numbersPackets, reportsByStream: description.reportsByStream)
        lastReceiverReport = now
        lastHeard = now
    }

    deinit {
        streams.deinitialize(count: streamCount)
        streams.deallocate()
        control.deinitialize(count: 1)
        control.deallocate()
        arrivals.deinitialize(count: 1)
        arrivals.deallocate()
        if let sentPackets {
            sentPackets.deinitialize(count: 1)
            sentPackets.deallocate()
        }
        if let data {
            data.deinitialize(count: 1)
            data.deallocate()
        }
        if let sender {
            sender.deinitialize(count: 1)
            sender.deallocate()
        }
        if let receiver {
            receiver.deinitialize(count: 1)
            receiver.deallocate()
        }
    }

    /// Takes the keys of a finished handshake. Streams begin anew under them.
    mutating func install(_ keys: SRTPKeyingMaterial) {
        if let sender {
            sender.deinitialize(count: 1)
        } else {
            sender = .allocate(capacity: 1)
        }
        sender?.initialize(to: SRTPSender(keys))
        if let receiver {
            receiver.deinitialize(count: 1)
        } else {
            receiver = .allocate(capacity: 1)
        }
        receiver?.initialize(to: SRTPReceiver(keys))
        for position in 0..<streamCount { streams[position].security = SRTPReceiveState() }
    }

    @inline(__always)
    func stream(_ ssrc: SSRC) -> UnsafeMutablePointer<IncomingStream>? {
        for position in 0..<streamCount where streams[position].ssrc == ssrc { return streams + position }
        return nil
    }

    func primaryStream(of source: MediaSource, layer: UInt8 = 0) -> UnsafeMutablePointer<IncomingStream>? {
        // The newest counts: a publisher that starts over announces a new SSRC.
        var position = streamCount - 1
        while position >= 0 {
            if streams[position].source == source, !streams[position].isRetransmission,
                streams[position].layer == layer
            {
                return streams + position
            }
            position -= 1
        }
        return nil
    }

    /// Whether a source sends under an SSRC that was not announced.
    func hasAdopted(_ source: MediaSource) -> Bool {
        for position in 0..<streamCount
        where streams[position].source == source && streams[position].isAdopted && !streams[position].isRetransmission {
            return true
        }
        return false
    }

    mutating func add(_ stream: IncomingStream) -> Bool {
        guard streamCount < Peer.streamLimit, self.stream(stream.ssrc) == nil else { return false }
        (streams + streamCount).initialize(to: stream)
        if let roundTrip { streams[streamCount].losses.roundTripTime = roundTrip }
        streamCount += 1
        // A sender ignores feedback in the name of a stream that is not its own.
        arrivals.pointee.media = stream.ssrc
        return true
    }

    /// Forgets streams: those no longer announced, or replaced.
    mutating func removeStreams(where isGone: (IncomingStream) -> Bool) {
        var kept = 0
        for position in 0..<streamCount where !isGone(streams[position]) {
            if kept != position { streams[kept] = streams[position] }
            kept += 1
        }
        (streams + kept).deinitialize(count: streamCount - kept)
        streamCount = kept
    }
}

/// What was counted of one peer since it came.
public struct PeerCounters: Sendable, Hashable {
    public var receivedPackets: UInt64 = 0
    public var receivedOctets: UInt64 = 0
    public var sentPackets: UInt64 = 0
    public var sentOctets: UInt64 = 0
    /// Packets that did not authenticate, came twice, or could not be read.
    public var refusedPackets: UInt64 = 0
    /// Packets of an SSRC that no m-line accounts for.
    public var unknownStreamPackets: UInt64 = 0
    public var sentNacks: UInt64 = 0
    public var receivedNacks: UInt64 = 0
    public var sentKeyframeRequests: UInt64 = 0
    public var receivedKeyframeRequests: UInt64 = 0
    /// Of what we sent, what the peer's transport-wide feedback reported as lost.
    public var reportedLost: UInt64 = 0
    public var receivedDataMessages: UInt64 = 0
    public var sentDataMessages: UInt64 = 0
    /// Data messages that it did not get because it was too far behind.
    public var droppedDataMessages: UInt64 = 0
    /// Data messages that could not be read, and channels that mean nothing here.
    public var refusedDataMessages: UInt64 = 0
    /// Chunks and channels of its association that were beyond what it may hold.
    public var refusedDataChunks: UInt64 = 0
    /// How often messages of the peer were left where they were, since they came faster than they may.
    public var delayedDataReads: UInt64 = 0
    /// Bytes of SCTP that went out with data, through the pacer.
    public var sentDataOctets: UInt64 = 0
    /// The peer's own estimate of what it can receive, in bits per second (REMB), 0 when it never said.
    public var estimatedBitrate: UInt64 = 0
}
