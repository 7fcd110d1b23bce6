public import ProtocolCore
internal import SCTP

/// What becomes of the association's events.
extension DataChannelTransport {
    /// What happened, in order; nil when there is nothing more. Channels that the peer opens or closes are answered here,
    /// so there may be packets to send afterwards.
    public mutating func poll(now: Instant) -> Event? {
        while pending.isEmpty {
            guard let event = association.poll() else { return nil }
            take(event, now: now)
        }
        return pending.removeFirst()
    }

    private mutating func take(_ event: SCTPAssociation.Event, now: Instant) {
        switch event {
        case .established:
            pending.append(.established)
            // The peer has fewer streams than we had hoped for.
            let limit = association.outgoingStreamLimit
            for id in channels.keys.filter({ $0.rawValue >= limit }).sorted() {
                channels[id] = nil
                pending.append(.closed(id))
            }
        case .message(let stream, .establishment, let bytes):
            takeEstablishment(bytes, on: ChannelID(stream), now: now)
        case .message(let stream, let payloadProtocol, let bytes):
            takeMessage(bytes, payloadProtocol, on: ChannelID(stream))
        case .streamsReset(let streams):
            for stream in streams { peerReset(ChannelID(stream), now: now) }
        case .outgoingReset(let streams):
            for stream in streams {
                channels[ChannelID(stream)]?.isOutgoingReset = true
                finishClosing(ChannelID(stream))
            }
        case .resetRefused(let streams):
            // The peer cannot; what we know is all there will be.
            for stream in streams {
                channels[ChannelID(stream)]?.isOutgoingReset = true
                channels[ChannelID(stream)]?.isIncomingReset = true
                finishClosing(ChannelID(stream))
            }
        case .closed(let reason):
            channels = [:]
            pending.append(.ended(reason))
        }
    }

    private mutating func takeMessage(
        _ bytes: [UInt8], _ payloadProtocol: PayloadProtocolIdentifier, on id: ChannelID
    ) {
        guard let channel = channels[id], let data = ChannelData(bytes, payloadProtocol) else {
            counters.strayMessages += 1
            return
        }
        guard !channel.isClosing else { return }
        acknowledge(id)
        pending.append(.message(id, data))
    }

    /// A message shows as well as an acknowledgement that the peer knows the channel (RFC 8832 §6).
    private mutating func acknowledge(_ id: ChannelID) {
        guard let channel = channels[id], !channel.isAcknowledged else { return }
        channels[id]?.isAcknowledged = true
        pending.append(.acknowledged(id))
    }

    private mutating func takeEstablishment(_ bytes: [UInt8], on id: ChannelID, now: Instant) {
        let message: DCEPMessage
        do throws(ParseError) {
            message = try DCEPMessage(parsing: bytes.span.bytes, largestName: configuration.largestName)
        } catch {
            counters.malformedMessages += 1
            // A channel with too long a name, or of an unknown kind, cannot be had.
            if channels[id] == nil { refuse(id, now: now) }
            return
        }
        switch message {
        case .acknowledgement:
            guard channels[id]?.opener == .local else {
                counters.strayMessages += 1
                return
            }
            acknowledge(id)
        case .open(let opening):
            takeOpening(opening, on: id, now: now)
        }
    }

    private mutating func takeOpening(_ opening: DataChannelOpening, on id: ChannelID, now: Instant) {
        guard channels[id] == nil else {
            counters.malformedMessages += 1
            return
        }
        let isPeersToUse = id.rawValue.isMultiple(of: 2) == (configuration.role == .server)
        let count = channels.values.count { $0.opener == .peer }
        guard isPeersToUse, count < configuration.largestPeerChannelCount else {
            refuse(id, now: now)
            return
        }
        channels[id] = DataChannel(
            delivery: opening.delivery, priority: opening.messagePriority, opener: .peer, isAcknowledged: true)
        do {
            try association.send(
                DCEPMessage.acknowledgement.bytes, stream: id.stream, payloadProtocol: .establishment, now: now)
        } catch {
            // No room or no such stream for the answer: then none for messages either.
            channels[id] = nil
            refuse(id, now: now)
            return
        }
        pending.append(
            .opened(id: id, label: opening.label, protocol: opening.subprotocol, delivery: opening.delivery))
    }

    private mutating func refuse(_ id: ChannelID, now: Instant) {
        counters.refusedChannels += 1
        channels[id] = DataChannel(
            delivery: .ordered, priority: .normal, opener: .refused, isAcknowledged: true, isClosing: true)
        association.resetStreams([id.stream], now: now)
    }

    /// The peer closes a channel; we do the same with our direction.
    private mutating func peerReset(_ id: ChannelID, now: Instant) {
        guard let channel = channels[id] else { return }
        channels[id]?.isIncomingReset = true
        if !channel.isClosing {
            channels[id]?.isClosing = true
            association.resetStreams([id.stream], now: now)
        }
        finishClosing(id)
    }

    private mutating func finishClosing(_ id: ChannelID) {
        guard let channel = channels[id], channel.isIncomingReset, channel.isOutgoingReset else { return }
        channels[id] = nil
        if channel.opener != .refused { pending.append(.closed(id)) }
    }
}
