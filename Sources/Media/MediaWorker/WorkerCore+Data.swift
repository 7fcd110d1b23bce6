internal import Conference
internal import Congestion
internal import DTLS
internal import DataChannels
internal import MediaIO
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
        let index = peer.pointee.index
        if data.pointee.hasDataToSend { schedule.setPacing(true, index) }
        if let due = data.pointee.due { schedule.advance(index, to: due) }
    }

    private mutating func handle(
        _ event: DataChannelTransport.Event, from peer: UnsafeMutablePointer<Peer>,
        _ data: UnsafeMutablePointer<DataLink>, now: Instant
    ) {
        switch event {
        case .opened(let id, let label, _, _):
            if let kind = DataChannelKind(rawValue: label) {
                data.pointee.channels[kind] = id
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
            forward(envelope, kind, from: peer, now: now)
        case .message(_, .text(let text)):
            data.pointee.took(text.utf8.count)
            peer.pointee.counters.refusedDataMessages += 1
        case .closed(let id):
            data.pointee.channels = data.pointee.channels.filter { $0.value != id }
        case .ended:
            data.pointee.channels = [:]
        case .established, .acknowledged:
            break
        }
    }

    private mutating func forward(
        _ envelope: DataEnvelope, _ kind: DataChannelKind, from sender: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        let conference = sender.pointee.conference
        guard !conference.pointee.isOnHold(sender.pointee.member) else { return }
        var envelope = envelope
        envelope.sender = sender.pointee.participant
        let recipients = sender.pointee.dataRecipients[envelope.channel]
        let bytes = envelope.bytes
        for case let peer? in peers where peer != sender && peer.pointee.conference == conference {
            guard let data = peer.pointee.data, let channel = data.pointee.channels[kind],
                recipients.map({ $0.contains(peer.pointee.participant) }) ?? true,
                !conference.pointee.isOnHold(peer.pointee.member)
            else { continue }
            do throws(DataChannelError) {
                try data.pointee.transport.send(.binary(bytes), on: channel, now: now)
                peer.pointee.counters.sentDataMessages += 1
                data.pointee.settle(now: now)
                schedule.setPacing(true, peer.pointee.index)
            } catch {
                // It is too far behind, or just closes the channel.
                peer.pointee.counters.droppedDataMessages += 1
            }
        }
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
