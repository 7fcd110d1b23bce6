internal import Conference
internal import DTLS
internal import ICE
internal import MediaIO
internal import PayloadFormats
package import ProtocolCore
internal import RTP
internal import SRTP

/// From the socket to the conference: demultiplexing (RFC 7983), decryption, classification.
extension WorkerCore {
    /// Bursts taken before control jobs get their turn.
    static let burstsPerWake = 8

    /// Takes what waits in the socket, forwards it, and sends what that gives rise to.
    package mutating func readable(now: Instant) {
        clock = now
        for _ in 0..<WorkerCore.burstsPerWake {
            let count = batch.receive(from: socket)
            for index in 0..<count {
                let datagram = batch.datagram(index)
                guard let first = datagram.first, let source = batch.source(index) else { continue }
                receive(datagram, first, from: source, now: now)
                if !queue.hasRoom { flush() }
            }
            flush()
            if count < ReceiveBatch.capacity { return }
        }
    }

    /// Takes one datagram that came over another way than the socket: a network that exists in a test alone.
    package mutating func receive(_ datagram: consuming [UInt8], from source: SocketEndpoint, now: Instant) {
        clock = now
        datagram.withUnsafeMutableBytes { bytes in
            if let first = bytes.first { receive(bytes, first, from: source, now: now) }
        }
        flush()
    }

    @inline(__always)
    private mutating func receive(
        _ datagram: UnsafeMutableRawBufferPointer, _ first: UInt8, from source: SocketEndpoint, now: Instant
    ) {
        switch first {
        case 128...191:
            guard let index = addresses.find(source), let peer = peer(index) else {
                counters.strayDatagrams += 1
                return
            }
            if datagram.count > 1, 192...223 ~= datagram[1] {
                receiveControl(datagram, peer, now: now)
            } else {
                receiveMedia(datagram, peer, now: now)
            }
        case 0...3:
            receiveSTUN(datagram, from: source, now: now)
        case 20...63:
            guard let index = addresses.find(source), let peer = peer(index) else {
                counters.strayDatagrams += 1
                return
            }
            peer.pointee.lastHeard = now
            peer.pointee.dtls.handle(UnsafeRawBufferPointer(datagram).bytes, now: now)
            drive(peer, now: now)
        default:
            counters.strayDatagrams += 1
        }
    }

    // MARK: RTP

    @inline(__always)
    private mutating func receiveMedia(
        _ datagram: UnsafeMutableRawBufferPointer, _ peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        guard let base = datagram.baseAddress, let receiver = peer.pointee.receiver else { return }
        let bytes = UnsafeRawBufferPointer(datagram).bytes
        let header: RTPHeader
        let extensions: ReceivedExtensions
        do throws(ParseError) {
            header = try RTPHeader(parsing: bytes)
            extensions = try ReceivedExtensions(
                parsing: bytes, header: header, map: peer.pointee.description.extensions)
        } catch {
            peer.pointee.counters.refusedPackets += 1
            return
        }
        guard let stream = peer.pointee.stream(header.ssrc) ?? adopt(header, extensions, datagram, peer) else {
            peer.pointee.counters.unknownStreamPackets += 1
            return
        }
        // Audio is decrypted where it lies, since it is not kept. Video goes into a buffer that stays in the cache, and from
        // there to where it may be sent again from.
        let isKept = stream.pointee.source != .microphone && !stream.pointee.isRetransmission
        let payload = isKept ? spare : base + header.headerLength
        let capacity = isKept ? PacketBuffers.size : datagram.count - header.headerLength
        var length = receiver.pointee.unprotect(
            packet: base, length: datagram.count, headerLength: header.headerLength, into: payload, capacity: capacity,
            state: &stream.pointee.security)
        guard length >= 0 else {
            peer.pointee.counters.refusedPackets += 1
            return
        }
        peer.pointee.lastHeard = now
        peer.pointee.counters.receivedPackets += 1
        peer.pointee.counters.receivedOctets += UInt64(datagram.count)
        if let number = extensions.transportSequence {
            peer.pointee.arrivals.pointee.record(transportSequence: number, at: now)
        }
        stream.pointee.statistics.record(header, at: now, clockRate: stream.pointee.clockRate)
        if header.hasPadding {
            let content = UnsafeRawBufferPointer(start: payload, count: length).bytes
            guard let padding = try? RTPHeader.paddingLength(of: content) else { return }
            length -= padding
        }
        if stream.pointee.isRetransmission {
            receiveRetransmission(header, extensions, datagram, payload, length, stream, peer, now: now)
            return
        }
        let codec: MediaCodec
        var blockPayloadType: UInt8 = 0
        switch peer.pointee.description.payloads[header.payloadType] {
        case .media(let plain)?: codec = plain
        case .redundantAudio(let type)?: (codec, blockPayloadType) = (.opus, type)
        case .retransmission?, nil: return
        }
        if isKept { stream.pointee.losses.record(header.sequenceNumber, at: now) }
        var details = PacketDetails(
            sequence: header.sequenceNumber.rawValue, timestamp: header.timestamp.rawValue, codec: codec,
            marker: header.marker)
        details.audioLevel = extensions.audioLevel?.rawValue
        if blockPayloadType != 0 {
            guard
                let primary = RedundantAudio.primaryRange(
                    in: UnsafeRawBufferPointer(start: payload, count: length).bytes)
            else {
                peer.pointee.counters.refusedPackets += 1
                return
            }
            details.primaryOffset = UInt16(clamping: primary.lowerBound)
            details.blockPayloadType = blockPayloadType
        }
        let reference = TrackReference(member: peer.pointee.member, source: stream.pointee.source)
        if isKept {
            describe(&details, extensions, bytes, payload, length, of: stream)
            if details.startsKeyframe {
                stream.pointee.losses.noteKeyframe(at: header.sequenceNumber)
                recordSize(codec, payload, length, reference, details.layer, peer)
            }
        }
        peer.pointee.conference.pointee.receive(
            details, payload: payload, length: length, from: reference, now: now, queue: &queue, buffers: &buffers)
    }

    /// A packet that the publisher sent again (RFC 4588 §4): two bytes of original sequence number, then the payload.
    @inline(never)
    private mutating func receiveRetransmission(
        _ header: RTPHeader, _ extensions: ReceivedExtensions, _ datagram: UnsafeMutableRawBufferPointer,
        _ payload: UnsafeMutableRawPointer, _ length: Int, _ repair: UnsafeMutablePointer<IncomingStream>,
        _ peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        // Browsers also send padding on the retransmission stream to probe for bandwidth; it has no payload.
        guard length > 2, length - 2 <= PacketBuffers.size,
            case .retransmission(let original)? = peer.pointee.description.payloads[header.payloadType],
            case .media(let codec)? = peer.pointee.description.payloads[PayloadType(original)],
            let stream = peer.pointee.primaryStream(of: repair.pointee.source, layer: repair.pointee.layer)
        else { return }
        let sequence = UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self))
        // Only what the history can still hold: an older number could be mistaken for one that was used already.
        let highest = UInt16(truncatingIfNeeded: stream.pointee.security.highestIndex)
        guard 0...WorkerCore.oldestRecovery ~= Int(Int16(bitPattern: highest &- sequence)) else { return }
        stream.pointee.losses.record(SequenceNumber(sequence), at: now)
        spare.copyMemory(from: payload + 2, byteCount: length - 2)
        var details = PacketDetails(
            sequence: sequence, timestamp: header.timestamp.rawValue, codec: codec, marker: header.marker)
        describe(&details, extensions, UnsafeRawBufferPointer(datagram).bytes, spare, length - 2, of: stream)
        if details.startsKeyframe { stream.pointee.losses.noteKeyframe(at: SequenceNumber(sequence)) }
        peer.pointee.conference.pointee.receive(
            details, payload: spare, length: length - 2,
            from: TrackReference(member: peer.pointee.member, source: stream.pointee.source), now: now, queue: &queue,
            buffers: &buffers)
    }

    /// From now on a peer's packets go there. What was in flight may be lost, and the new path is another link.
    private mutating func take(_ endpoint: SocketEndpoint, as peer: UnsafeMutablePointer<Peer>) {
        let former = peer.pointee.destination
        peer.pointee.destination = endpoint
        guard let former, former != endpoint, peer.pointee.control.pointee.hasFeedback else { return }
        peer.pointee.control.pointee.pathChanged(start: startBitrate)
        peer.pointee.conference.pointee.changeLink(of: peer.pointee.member)
    }

    /// How far behind the newest packet a recovered one may be: less than the history holds.
    private static let oldestRecovery = 400

    // MARK: STUN

    @inline(never)
    private mutating func receiveSTUN(
        _ datagram: UnsafeMutableRawBufferPointer, from source: SocketEndpoint, now: Instant
    ) {
        let bytes = UnsafeRawBufferPointer(datagram).bytes
        counters.stunRequests += 1
        guard let ufrag = ICELiteAgent.localUfrag(ofBindingRequest: bytes), let index = peersByUfrag[ufrag],
            let peer = peer(index)
        else {
            counters.strayDatagrams += 1
            return
        }
        let reaction = peer.pointee.ice.handle(bytes, from: source, now: now)
        if let response = reaction.response { sendNow(response, to: source) }
        guard reaction.refusal == nil else {
            counters.refusedSTUN += 1
            return
        }
        peer.pointee.lastHeard = now
        // The check is authenticated: from now on other packets from there are this peer's.
        if addresses.find(source) != index {
            if peer.pointee.addressCount == Peer.addressLimit {
                addresses.removeAll(of: index)
                peer.pointee.addressCount = 0
                if let destination = peer.pointee.destination { addresses.set(destination, to: index) }
            }
            addresses.set(source, to: index)
            peer.pointee.addressCount += 1
        }
        if case .selectedPairChanged(let endpoint)? = reaction.event { take(endpoint, as: peer) }
        // Before a nomination the pair that works is used, so that the handshake need not wait.
        if peer.pointee.destination == nil { peer.pointee.destination = source }
        peer.pointee.dtls.start(now: now)
        drive(peer, now: now)
        peer.pointee.conference.pointee.setReachable(isReady(peer), peer.pointee.member)
    }
}
