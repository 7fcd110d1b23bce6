internal import Conference
internal import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore
internal import SRTP

/// From the queue to the socket: headers, encryption, grouping by receiver.
extension WorkerCore {
    /// Sends everything that is queued, or lets it wait for its receiver's link. Afterwards no packet points into a
    /// buffer any more.
    package mutating func flush() {
        for position in 0..<queue.receiverCount {
            let receiver = queue.receiver(position)
            guard let peer = peer(receiver), let sender = peer.pointee.sender,
                let destination = peer.pointee.destination
            else { continue }
            outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
            let control = peer.pointee.control
            if peer.pointee.isControlIdle {
                peer.pointee.isControlIdle = false
                peer.pointee.nextControl = clock
                schedule.advance(receiver, to: clock)
            }
            guard control.pointee.isInForce(now: clock) else {
                var next = queue.first(of: receiver)
                while let packet = next {
                    _ = send(packet, to: peer, sender)
                    next = queue.next(after: packet)
                }
                continue
            }
            var repairBudget = control.pointee.repairs.isEmpty ? control.pointee.pacer.budget(now: clock) : 0
            var budget = control.pointee.backlog.isEmpty ? repairBudget : 0
            var spent = 0
            var next = queue.first(of: receiver)
            while let packet = next {
                next = queue.next(after: packet)
                // What cannot wait goes; video goes while the link has room, and queues up behind what waits already.
                let isRepair = packet.pointee.originalSequence != nil
                if packet.pointee.origin != nil, (isRepair ? repairBudget : budget) <= 0 {
                    control.pointee.postpone(packet.pointee, now: clock)
                    schedule.setPacing(true, receiver)
                    continue
                }
                let length = send(packet, to: peer, sender, isFollowed: next != nil)
                if packet.pointee.origin != nil {
                    budget -= length
                    repairBudget -= length
                }
                spent += length
            }
            if spent > 0 { control.pointee.pacer.spent(spent, now: clock) }
        }
        queue.removeAll()
        outgoing.flush(to: socket)
        buffers.reclaim()
    }

    /// Encoders cut a picture into packets of nearly one size. Padding that brings a packet to the size of those before it
    /// lets the whole picture leave as one segmented datagram, which costs the kernel half of what two do.
    private static let mostPadding = 3

    /// - Parameter isFollowed: Whether another packet to the same peer comes right after it.
    @inline(__always)
    mutating func send(
        _ packet: UnsafePointer<ForwardedPacket>, to peer: UnsafeMutablePointer<Peer>,
        _ sender: UnsafeMutablePointer<SRTPSender>, isFollowed: Bool = false
    ) -> Int {
        if !outgoing.hasRoom { outgoing.flush(to: socket) }
        let out = outgoing.reserve()
        let number = peer.pointee.nextTransportSequence
        let headerLength = peer.pointee.layout.write(packet.pointee, transportSequence: number, to: out)
        let length: Int
        var padding = 0
        if isFollowed, packet.pointee.origin != nil, packet.pointee.originalSequence == nil {
            let plain = headerLength + Int(packet.pointee.payloadLength) + sender.pointee.profile.tagLength
            padding = outgoing.openSegmentSize - plain
        }
        let isPadded = 1...WorkerCore.mostPadding ~= padding
        if isPadded || packet.pointee.originalSequence != nil || packet.pointee.vp8 != nil {
            let body = out + headerLength
            var bodyLength = assemble(packet, at: body)
            if isPadded { bodyLength += pad(padding, header: out, at: body + bodyLength) }
            length = sender.pointee.protect(
                header: out, headerLength: headerLength, payload: body, payloadLength: bodyLength,
                rolloverCounter: packet.pointee.rollover)
        } else {
            length = sender.pointee.protect(
                header: out, headerLength: headerLength, payload: packet.pointee.payload,
                payloadLength: Int(packet.pointee.payloadLength), rolloverCounter: packet.pointee.rollover)
        }
        guard length > 0 else { return 0 }
        peer.pointee.nextTransportSequence = number &+ 1
        peer.pointee.counters.sentPackets += 1
        peer.pointee.counters.sentOctets += UInt64(length)
        outgoing.commit(length: length)
        if packet.pointee.origin != nil, let sent = peer.pointee.sentPackets {
            sent.pointee.keep(packet.pointee.ssrc, packet.pointee.sequence, out, length: length, now: clock)
        }
        if peer.pointee.control.pointee.isEnabled {
            peer.pointee.control.pointee.sent(
                ssrc: packet.pointee.ssrc, sequence: packet.pointee.sequence, transportSequence: number, bytes: length,
                at: clock)
        }
        return length
    }

    /// Adds padding to a packet (RFC 3550 §5.1); returns how much.
    private func pad(_ padding: Int, header: UnsafeMutableRawPointer, at end: UnsafeMutableRawPointer) -> Int {
        header.storeBytes(of: header.load(as: UInt8.self) | 0x20, as: UInt8.self)
        for position in 0..<(padding - 1) { end.storeBytes(of: 0, toByteOffset: position, as: UInt8.self) }
        end.storeBytes(of: UInt8(truncatingIfNeeded: padding), toByteOffset: padding - 1, as: UInt8.self)
        return padding
    }

    /// Writes the payload of a packet that does not go as it came; returns its length.
    @inline(never)
    private func assemble(_ packet: UnsafePointer<ForwardedPacket>, at body: UnsafeMutableRawPointer) -> Int {
        var start = body
        if let original = packet.pointee.originalSequence {
            // RFC 4588 §4: the original sequence number goes before the payload, and both are encrypted together.
            body.storeBytes(of: original.bigEndian, as: UInt16.self)
            start += 2
        }
        let length = Int(packet.pointee.payloadLength)
        start.copyMemory(from: packet.pointee.payload, byteCount: length)
        if let numbers = packet.pointee.vp8,
            let descriptor = try? VP8Descriptor(parsing: UnsafeRawBufferPointer(start: start, count: length).bytes)
        {
            _ = descriptor.rewrite(
                pictureID: numbers.pictureID, tl0PictureIndex: numbers.tl0PictureIndex, in: start, capacity: length)
        }
        return start - body + length
    }

    /// Puts a datagram that is not media (STUN, DTLS) among those that leave at the next flush.
    mutating func sendNow(_ bytes: [UInt8], on path: NetworkPath) {
        guard !bytes.isEmpty, bytes.count <= SendBatch.largestDatagram else { return }
        if !outgoing.hasRoom { outgoing.flush(to: socket) }
        outgoing.begin(path, onIPv6Socket: socket.isIPv6)
        bytes.withUnsafeBytes { outgoing.reserve().copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        outgoing.commit(length: bytes.count)
    }

    /// Keeps what is sent to slots of a peer that have no retransmission stream, if there are such.
    func keepSentPackets(for peer: UnsafeMutablePointer<Peer>) {
        let slots = peer.pointee.description.slotsRepairedInPlace
        if let sent = peer.pointee.sentPackets {
            guard !sent.pointee.isFor(slots) else { return }
            sent.deinitialize(count: 1)
            sent.deallocate()
            peer.pointee.sentPackets = nil
        }
        guard !slots.isEmpty else { return }
        let sent = UnsafeMutablePointer<SentPackets>.allocate(capacity: 1)
        sent.initialize(to: SentPackets(slots: slots))
        peer.pointee.sentPackets = sent
    }

    /// Sends packets again as they were, to a slot without a retransmission stream.
    mutating func sendAgain(
        _ lost: [SequenceNumber], ofSlot ssrc: SSRC, _ sent: UnsafeMutablePointer<SentPackets>,
        to peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        guard let destination = peer.pointee.destination else { return }
        outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
        for sequence in lost {
            guard let packet = sent.pointee.again(ssrc.rawValue, sequence.rawValue, now: now),
                let base = packet.baseAddress
            else {
                counters.conferences.refusedRetransmissions += 1
                continue
            }
            if !outgoing.hasRoom { outgoing.flush(to: socket) }
            outgoing.reserve().copyMemory(from: base, byteCount: packet.count)
            outgoing.commit(length: packet.count)
            counters.conferences.retransmissions += 1
            peer.pointee.control.pointee.pacer.spent(packet.count, now: now)
        }
    }

    /// Encrypts a compound RTCP packet and puts it among those that leave at the next flush.
    mutating func sendControl(_ compound: [UInt8], to peer: UnsafeMutablePointer<Peer>) {
        guard let sender = peer.pointee.sender, let destination = peer.pointee.destination else { return }
        let limit = SendBatch.largestDatagram - ProtectionProfile.maximumControlOverhead
        guard compound.count >= 8, compound.count <= limit else { return }
        if !outgoing.hasRoom { outgoing.flush(to: socket) }
        outgoing.begin(destination, onIPv6Socket: socket.isIPv6)
        let out = outgoing.reserve()
        compound.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { out.copyMemory(from: base, byteCount: bytes.count) }
        }
        let length = sender.pointee.protectRTCP(out, length: compound.count)
        if length > 0 { outgoing.commit(length: length) }
    }

    /// Lets DTLS send what it has to, and takes up its keys when it is done.
    /// - Returns: Whether something was received that only the peer can have sent.
    @discardableResult
    mutating func drive(_ peer: UnsafeMutablePointer<Peer>, now: Instant) -> Bool {
        var isAuthentic = false
        while let output = peer.pointee.dtls.poll() {
            switch output {
            case .transmit(let datagram):
                transmit(datagram, to: peer)
            case .connected(let keys):
                wake(peer)
                counters.handshakes += 1
                peer.pointee.install(keys)
                reportConnected(peer)
                openDataLink(of: peer, now: now)
            case .received(let bytes):
                isAuthentic = true
                receiveData(bytes, from: peer, now: now)
            case .failed(let error):
                let failure = peer.pointee.dtls.failure(error)
                counters.failedHandshakes[failure.kind, default: 0] += 1
                events.append(.failed(peer.pointee.conferenceName, peer.pointee.participant, failure))
                events.append(.media(.interrupted(peer.pointee.conferenceName, peer.pointee.participant)))
            case .closed:
                reportClosed(peer, isGoodbye: false)
            }
        }
        if let time = peer.pointee.dtls.timeout { schedule.advance(peer.pointee.index, to: time) }
        return isAuthentic
    }

    /// Tells the application that a peer has ended its transport itself.
    mutating func reportClosed(_ peer: UnsafeMutablePointer<Peer>, isGoodbye: Bool) {
        if !isGoodbye {
            peer.pointee.isConnected = false
            peer.pointee.isClosed = true
        }
        events.append(
            .media(.closed(peer.pointee.conferenceName, peer.pointee.participant, isGoodbye: isGoodbye)))
    }

    func isReady(_ peer: UnsafeMutablePointer<Peer>) -> Bool {
        peer.pointee.sender != nil && peer.pointee.destination != nil
    }

    /// Tells the conference whether the peer can be reached, and the application when it can.
    mutating func reportConnected(_ peer: UnsafeMutablePointer<Peer>) {
        peer.pointee.conference.pointee.setReachable(isReady(peer), peer.pointee.member)
        guard !peer.pointee.isConnected, !peer.pointee.isClosed, isReady(peer) else { return }
        peer.pointee.isConnected = true
        events.append(.media(.connected(peer.pointee.conferenceName, peer.pointee.participant)))
    }
}
