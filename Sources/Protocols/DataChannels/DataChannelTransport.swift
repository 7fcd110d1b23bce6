public import ProtocolCore
public import SCTP

/// The data channels of one peer connection (RFC 8831) over one SCTP association inside DTLS.
///
/// Driven as ``SCTPAssociation`` is: give it packets and the time, and after every call take events with ``poll(now:)``,
/// send control packets at once and data packets as the pacer permits, and call ``advance(now:)`` at ``deadline``.
public struct DataChannelTransport: Sendable {
    public enum Event: Hashable, Sendable {
        /// Both ends know each other.
        case established
        /// The peer opened a channel.
        case opened(id: ChannelID, label: String, protocol: String, delivery: MessageDelivery)
        /// The peer knows a channel that we opened.
        case acknowledged(ChannelID)
        case message(ChannelID, ChannelData)
        /// A channel is gone, whoever closed it; its number is free.
        case closed(ChannelID)
        /// The association has ended, and with it all channels.
        case ended(SCTPCloseReason)
    }

    let configuration: DataChannelConfiguration
    var association: SCTPAssociation
    var channels: [ChannelID: DataChannel] = [:]
    var pending: [Event] = []

    public internal(set) var counters = DataChannelCounters()

    public init(_ configuration: DataChannelConfiguration) {
        self.configuration = configuration
        association = SCTPAssociation(configuration.association)
    }

    // MARK: Channels

    /// Opens a channel. Messages may be sent on it at once; they wait until the association is established.
    public mutating func open(
        label: String, protocol subprotocol: String = "", delivery: MessageDelivery = .ordered,
        priority: MessagePriority = .normal, now: Instant
    ) throws(DataChannelError) -> ChannelID {
        let opening = DataChannelOpening(
            label: label, subprotocol: subprotocol, delivery: delivery, priority: priority.announced)
        guard label.utf8.count <= configuration.largestName, subprotocol.utf8.count <= configuration.largestName else {
            throw .nameTooLong
        }
        guard let id = freeIdentifier() else { throw .noFreeIdentifier }
        do {
            try association.send(
                DCEPMessage.open(opening).bytes, stream: id.stream, payloadProtocol: .establishment, priority: priority,
                now: now)
        } catch {
            throw .transport(error)
        }
        channels[id] = DataChannel(delivery: delivery, priority: priority, opener: .local, isAcknowledged: false)
        return id
    }

    /// Adds a channel that both ends know of by other means (`negotiated` in browsers); nothing is said about it.
    public mutating func addNegotiated(
        id: ChannelID, delivery: MessageDelivery = .ordered, priority: MessagePriority = .normal
    ) throws(DataChannelError) {
        guard channels[id] == nil else { throw .identifierInUse }
        guard id.rawValue < association.outgoingStreamLimit else { throw .transport(.noSuchStream) }
        channels[id] = DataChannel(delivery: delivery, priority: priority, opener: .agreed, isAcknowledged: true)
    }

    /// Takes a message to be sent on a channel.
    public mutating func send(_ data: ChannelData, on id: ChannelID, now: Instant) throws(DataChannelError) {
        guard let channel = channels[id], channel.opener != .refused else { throw .noSuchChannel }
        guard !channel.isClosing else { throw .channelIsClosing }
        var delivery = channel.delivery
        // Not before the message that opens the channel (RFC 8832 §6).
        if !channel.isAcknowledged { delivery.isOrdered = true }
        let (bytes, payloadProtocol) = data.encoded
        do {
            try association.send(
                bytes, stream: id.stream, payloadProtocol: payloadProtocol, delivery: delivery,
                priority: channel.priority, now: now)
        } catch {
            throw .transport(error)
        }
    }

    /// Closes a channel after what was sent on it; `closed` says when the peer has done so too (RFC 8831 §6.7).
    public mutating func close(_ id: ChannelID, now: Instant) throws(DataChannelError) {
        guard let channel = channels[id], channel.opener != .refused else { throw .noSuchChannel }
        guard !channel.isClosing else { return }
        channels[id]?.isClosing = true
        association.resetStreams([id.stream], now: now)
    }

    /// Whether a channel takes messages.
    public func isOpen(_ id: ChannelID) -> Bool {
        channels[id].map { !$0.isClosing && $0.opener != .refused } ?? false
    }

    /// Bytes of a channel's messages of which no packet was made yet.
    public func bufferedAmount(of id: ChannelID) -> Int {
        association.bufferedAmount(of: id.stream)
    }

    /// Bytes of all messages that wait to be sent or to be acknowledged.
    public var bufferedAmount: Int { association.bufferedAmount }

    private func freeIdentifier() -> ChannelID? {
        let limit = min(association.outgoingStreamLimit, configuration.association.incomingStreams)
        let first: UInt16 = configuration.role == .client ? 0 : 1
        return stride(from: first, to: limit, by: 2).lazy.map(ChannelID.init(rawValue:)).first { channels[$0] == nil }
    }

    // MARK: The association (forwarded)

    /// Begins the handshake of SCTP; both ends do.
    public mutating func connect(now: Instant) { association.connect(now: now) }

    /// Takes a packet that came out of DTLS. Whatever is wrong with it is counted.
    public mutating func receive(_ packet: RawSpan, now: Instant) { association.receive(packet, now: now) }

    /// When ``advance(now:)`` has something to do; nil: not before the next packet or message.
    public var deadline: Instant? { association.deadline }

    public mutating func advance(now: Instant) { association.advance(now: now) }

    /// See ``SCTPAssociation/nextControlPacket(now:into:)``.
    public mutating func nextControlPacket(now: Instant, into packet: inout [UInt8]) -> Bool {
        association.nextControlPacket(now: now, into: &packet)
    }

    /// See ``SCTPAssociation/nextDataPacket(now:into:)``.
    public mutating func nextDataPacket(now: Instant, into packet: inout [UInt8]) -> Bool {
        association.nextDataPacket(now: now, into: &packet)
    }

    public var hasDataToSend: Bool { association.hasDataToSend }
    public var hasControlToSend: Bool { association.hasControlToSend }
    public var isEstablished: Bool { association.isEstablished }
    public var hasEnded: Bool { association.hasEnded }
    public var roundTrip: Duration? { association.roundTrip }
    public var associationCounters: SCTPCounters { association.counters }

    /// Delivers what waits, then ends in agreement with the peer.
    public mutating func shutdown(now: Instant) { association.shutdown(now: now) }

    /// Ends at once.
    public mutating func abort(now: Instant) { association.abort(now: now) }
}
