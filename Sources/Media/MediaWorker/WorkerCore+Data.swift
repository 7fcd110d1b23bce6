internal import Conference
internal import Congestion
internal import DTLS
internal import DataChannels
internal import MediaIO
package import MediaVocabulary
package import ProtocolCore

/// Data channels: from one peer's SCTP association into those of others, through the pacers of their links.
extension WorkerCore {
    /// The part of what a link's pacer lets go that is the data's while pictures wait too.
    private static let dataShare = 0.5

    /// Opens a peer's association once there is a DTLS connection, if it has asked for one.
    mutating func openDataLink(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard peer.pointee.data == nil, peer.pointee.sender != nil, let line = peer.pointee.description.data
        else { return }
        let data = UnsafeMutablePointer<DataLink>.allocate(capacity: 1)
        data.initialize(
            to: DataLink(
                line, isDTLSServer: peer.pointee.description.isDTLSServer, seed: seeds.next(), now: now))
        peer.pointee.data = data
        attendToData(of: peer, now: now)
    }

    // MARK: Durable messages

    /// Somebody was named to the others in the call, or no longer is, and has no transport.
    package mutating func expect(_ participant: ParticipantID, _ isExpected: Bool, in conference: CallID) {
        guard conferences[conference] != nil, peer(participant, in: conference) == nil else { return }
        if isExpected {
            durableLogs[conference, default: DurableLog()].expect(participant)
        } else {
            durableLogs[conference]?.forget(participant)
        }
    }

    /// Notes what a peer's description and channels say of its listening.
    mutating func noteAnnouncement(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard peer.pointee.description.data != nil, peer.pointee.durable.announcedAt == nil else { return }
        peer.pointee.durable.announcedAt = now
    }

    /// Gives a peer what was kept for it, once its channel is open and it is in the call.
    mutating func catchUp(_ peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard let since = peer.pointee.durable.since, let data = peer.pointee.data,
            let channel = data.pointee.channels[.durable],
            !peer.pointee.conference.pointee.isOnHold(peer.pointee.member)
        else { return }
        peer.pointee.durable.since = nil
        let name = peer.pointee.conferenceName
        durableLogs[name]?.expire(now: now)
        for message in durableLogs[name]?.messages(since: since, for: peer.pointee.participant) ?? [] {
            _ = send(message.bytes, on: channel, to: peer, data, now: now)
        }
        forgetWhatAllHave(in: name)
    }

    /// A peer's durable channel is gone: what is said from now on is kept until there is another one.
    private mutating func lostChannel(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard peer.pointee.durable.since == nil else { return }
        peer.pointee.durable.since = durableLogs[peer.pointee.conferenceName]?.next ?? 0
        peer.pointee.durable.announcedAt = now
    }

    /// A peer was taken into the call, or back from hold. What was said while it was on hold is not for it.
    mutating func holdEnded(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        if peer.pointee.durable.hasArrived, peer.pointee.durable.since != nil {
            peer.pointee.durable.since = durableLogs[peer.pointee.conferenceName]?.next ?? 0
        }
        peer.pointee.durable.hasArrived = true
        guard peer.pointee.data != nil else { return }
        catchUp(peer, now: now)
        attendToData(of: peer, now: now)
        drive(peer, now: now)
    }

    /// Forgets old messages, and all of them where nobody lacks any.
    mutating func tidyDurableLogs(now: Instant) {
        for name in durableLogs.keys {
            durableLogs[name]?.expire(now: now)
            counters.forgottenDurableMessages += durableLogs[name]?.takeLapsed() ?? 0
            forgetWhatAllHave(in: name)
        }
    }

    private mutating func forgetWhatAllHave(in conference: CallID) {
        guard let log = durableLogs[conference], !log.messages.isEmpty, log.named.isEmpty else { return }
        for case let peer? in peers
        where peer.pointee.conferenceName == conference && peer.pointee.durable.since != nil { return }
        durableLogs[conference]?.removeAll()
    }

    /// Takes what DTLS has decrypted.
    mutating func receiveData(_ bytes: [UInt8], from peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard let data = peer.pointee.data else { return }
        data.pointee.transport.receive(bytes.span.bytes, now: now)
        attendToData(of: peer, now: now)
    }

    /// Does what a peer's association has become due for; to be called after everything that changes it.
    ///
    /// What it sends lies in the DTLS session afterwards, for `drive`.
    mutating func attendToData(of peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard let data = peer.pointee.data else { return }
        if let due = data.pointee.due, due <= now { data.pointee.transport.advance(now: now) }
        repeat {
            while data.pointee.mayTake(now: now), let event = data.pointee.transport.poll(now: now) {
                handle(event, from: peer, data, now: now)
            }
            while data.pointee.transport.nextControlPacket(now: now, into: &dataPacket) {
                peer.pointee.dtls.send(dataPacket)
            }
        } while data.pointee.transport.hasControlToSend
        data.pointee.settle(now: now)
        if data.pointee.isHeldBack { peer.pointee.counters.delayedDataReads += 1 }
        peer.pointee.counters.refusedDataChunks = data.pointee.refusedChunks
        let index = peer.pointee.index
        if data.pointee.hasDataToSend { schedule.setPacing(true, index) }
        if let due = data.pointee.due { schedule.advance(index, to: due) }
    }

    private mutating func handle(
        _ event: DataChannelTransport.Event, from peer: UnsafeMutablePointer<Peer>,
        _ data: UnsafeMutablePointer<DataLink>, now: Instant
    ) {
        switch event {
        case .opened(let id, let label, let subprotocol, _):
            if let kind = DataChannelKind(rawValue: label) {
                data.pointee.channels[kind] = id
                guard kind == .durable else { return }
                data.pointee.wantsReceipts = subprotocol == DataReceipt.subprotocol
                catchUp(peer, now: now)
            } else {
                peer.pointee.counters.refusedDataMessages += 1
                try? data.pointee.transport.close(id, now: now)
            }
        case .message(let id, .binary(let bytes)):
            data.pointee.took(bytes.count)
            guard let kind = data.pointee.kind(of: id), let envelope = try? DataEnvelope(parsing: bytes.span.bytes),
                envelope.sender.isEmpty
            else {
                peer.pointee.counters.refusedDataMessages += 1
                return
            }
            peer.pointee.counters.receivedDataMessages += 1
            let refusal = forward(envelope, kind, from: peer, now: now)
            guard kind == .durable, data.pointee.wantsReceipts else { return }
            if refusal != nil { peer.pointee.counters.refusedDataMessages += 1 }
            let receipt = DataReceipt(channel: envelope.channel, sequence: envelope.sequence, refusal: refusal)
            try? data.pointee.transport.send(.binary(receipt.bytes), on: id, now: now)
            schedule.setPacing(true, peer.pointee.index)
        case .message(_, .text(let text)):
            data.pointee.took(text.utf8.count)
            peer.pointee.counters.refusedDataMessages += 1
        case .closed(let id):
            if data.pointee.channels[.durable] == id { lostChannel(of: peer, now: now) }
            data.pointee.channels = data.pointee.channels.filter { $0.value != id }
        case .ended:
            if data.pointee.channels[.durable] != nil { lostChannel(of: peer, now: now) }
            data.pointee.channels = [:]
        case .established, .acknowledged:
            break
        }
    }

    /// Hands a message to whom it is for, and keeps a durable one for those who cannot get it yet.
    /// - Returns: Why a durable message does not reach everybody; nil when it does.
    private mutating func forward(
        _ envelope: DataEnvelope, _ kind: DataChannelKind, from sender: UnsafeMutablePointer<Peer>, now: Instant
    ) -> DataReceipt.Refusal? {
        let conference = sender.pointee.conference
        guard !conference.pointee.isOnHold(sender.pointee.member) else {
            return sender.pointee.durable.hasArrived ? .onHold : .notConnected
        }
        var envelope = envelope
        envelope.sender = sender.pointee.participant.rawValue
        let recipients = sender.pointee.media.dataRecipients[envelope.channel]
        let bytes = envelope.bytes
        let name = sender.pointee.conferenceName
        if kind == .durable, let refusal = keep(bytes, from: sender, to: recipients, in: name, now: now) {
            return refusal
        }
        var refusal: DataReceipt.Refusal?
        for case let peer? in peers where peer != sender && peer.pointee.conference == conference {
            guard let data = peer.pointee.data, let channel = data.pointee.channels[kind],
                kind == .lossy || peer.pointee.durable.since == nil,
                recipients.map({ $0.contains(peer.pointee.participant) }) ?? true,
                !conference.pointee.isOnHold(peer.pointee.member)
            else { continue }
            if !send(bytes, on: channel, to: peer, data, now: now) { refusal = .receiverBehind }
        }
        return kind == .durable ? refusal : nil
    }

    /// Keeps a durable message where somebody lacks it. It is refused when it would drive out one that somebody waits
    /// for whose channel is just being opened.
    private mutating func keep(
        _ bytes: [UInt8], from sender: UnsafeMutablePointer<Peer>, to recipients: Set<ParticipantID>?,
        in conference: CallID,
        now: Instant
    ) -> DataReceipt.Refusal? {
        var isLacking = false
        var isAwaited = false
        for case let peer? in peers
        where peer != sender && peer.pointee.conferenceName == conference && peer.pointee.durable.since != nil {
            guard recipients?.contains(peer.pointee.participant) ?? true else { continue }
            // Who is on hold after having been here misses what is said.
            if peer.pointee.durable.hasArrived, peer.pointee.conference.pointee.isOnHold(peer.pointee.member) {
                continue
            }
            isLacking = true
            isAwaited = isAwaited || peer.pointee.durable.isOpening(now: now)
        }
        let isNamed = durableLogs[conference]?.named.keys.contains { recipients?.contains($0) ?? true } ?? false
        guard isLacking || isNamed else { return nil }
        guard !isAwaited || durableLogs[conference]?.hasRoom(for: bytes.count, now: now) ?? true else {
            counters.refusedDurableMessages += 1
            return .tooManyWaiting
        }
        let former = durableLogs[conference]?.forgotten ?? 0
        durableLogs[conference, default: DurableLog()].append(
            bytes, from: sender.pointee.participant, to: recipients, now: now)
        counters.forgottenDurableMessages += (durableLogs[conference]?.forgotten ?? 0) - former
        return nil
    }

    /// Returns false when the receiver is too far behind, or just closes the channel.
    private mutating func send(
        _ bytes: [UInt8], on channel: ChannelID, to peer: UnsafeMutablePointer<Peer>,
        _ data: UnsafeMutablePointer<DataLink>, now: Instant
    ) -> Bool {
        do throws(DataChannelError) {
            try data.pointee.transport.send(.binary(bytes), on: channel, now: now)
        } catch {
            peer.pointee.counters.droppedDataMessages += 1
            return false
        }
        peer.pointee.counters.sentDataMessages += 1
        data.pointee.settle(now: now)
        schedule.setPacing(true, peer.pointee.index)
        return true
    }

    /// Lets go what a peer's pacer allows, or without one what SCTP's own window does.
    mutating func releaseData(to peer: UnsafeMutablePointer<Peer>, now: Instant) {
        guard let data = peer.pointee.data, data.pointee.hasDataToSend else { return }
        let control = peer.pointee.control
        let isInForce = control.pointee.isInForce(now: now)
        var budget = isInForce ? control.pointee.pacer.budget(now: now) : .max
        if isInForce, control.pointee.isWaiting { budget = Int(Double(budget) * Self.dataShare) }
        while budget > 0, data.pointee.transport.nextDataPacket(now: now, into: &dataPacket) {
            guard peer.pointee.dtls.send(dataPacket) else { break }
            let size = dataPacket.count + SendControl.headerOverhead + Self.recordOverhead
            budget -= size
            peer.pointee.counters.sentDataOctets += UInt64(dataPacket.count)
            if isInForce { control.pointee.pacer.spent(size, now: now) }
        }
        attendToData(of: peer, now: now)
        drive(peer, now: now)
    }

    /// What DTLS adds to a record: header, explicit nonce and tag.
    private static let recordOverhead = 37
}
