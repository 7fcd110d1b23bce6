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
        // Audio is decrypted where it lies; video goes straight into the buffer from which it may be sent again.
        let isKept = stream.pointee.source != .microphone && !stream.pointee.isRetransmission
        var payload = isKept ? spare : base + header.headerLength
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
            receiveRetransmission(header, extensions, payload, length, stream.pointee.source, peer, now: now)
            return
        }
        guard case .media(let codec)? = peer.pointee.description.payloads[header.payloadType] else { return }
        if isKept { stream.pointee.losses.record(header.sequenceNumber, at: now) }
        var details = PacketDetails(
            sequence: header.sequenceNumber.rawValue, timestamp: header.timestamp.rawValue, codec: codec,
            marker: header.marker)
        details.audioLevel = extensions.audioLevel?.rawValue
        details.orientation = extensions.videoOrientation
        details.startsKeyframe = startsKeyframe(codec, payload, length)
        peer.pointee.conference.pointee.receive(
            details, payload: &payload, length: length,
            from: TrackReference(member: peer.pointee.member, source: stream.pointee.source), now: now, queue: &queue,
            buffers: &buffers)
        if isKept { spare = payload }
    }

    /// A packet that the publisher sent again (RFC 4588 §4): two bytes of original sequence number, then the payload.
    @inline(never)
    private mutating func receiveRetransmission(
        _ header: RTPHeader, _ extensions: ReceivedExtensions, _ payload: UnsafeMutableRawPointer, _ length: Int,
        _ source: MediaSource, _ peer: UnsafeMutablePointer<Peer>, now: Instant
    ) {
        // Browsers also send padding on the retransmission stream to probe for bandwidth; it has no payload.
        guard length > 2, length - 2 <= PacketBuffers.size,
            case .retransmission(let original)? = peer.pointee.description.payloads[header.payloadType],
            case .media(let codec)? = peer.pointee.description.payloads[PayloadType(original)],
            let stream = peer.pointee.primaryStream(of: source)
        else { return }
        let sequence = UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self))
        // Only what the history can still hold: an older number could be mistaken for one that was used already.
        let highest = UInt16(truncatingIfNeeded: stream.pointee.security.highestIndex)
        guard 0...WorkerCore.oldestRecovery ~= Int(Int16(bitPattern: highest &- sequence)) else { return }
        stream.pointee.losses.record(SequenceNumber(sequence), at: now)
        spare.copyMemory(from: payload + 2, byteCount: length - 2)
        var details = PacketDetails(
            sequence: sequence, timestamp: header.timestamp.rawValue, codec: codec, marker: header.marker)
        details.orientation = extensions.videoOrientation
        details.startsKeyframe = startsKeyframe(codec, spare, length - 2)
        var buffer = spare
        peer.pointee.conference.pointee.receive(
            details, payload: &buffer, length: length - 2,
            from: TrackReference(member: peer.pointee.member, source: source), now: now, queue: &queue,
            buffers: &buffers)
        spare = buffer
    }

    /// How far behind the newest packet a recovered one may be: less than the history holds.
    private static let oldestRecovery = 400

    @inline(__always)
    private func startsKeyframe(_ codec: MediaCodec, _ payload: UnsafeMutableRawPointer, _ length: Int) -> Bool {
        let bytes = UnsafeRawBufferPointer(start: payload, count: length).bytes
        switch codec {
        case .opus: return false
        // A decoder needs the parameter sets too, and browsers send them before every IDR picture.
        case .h264: return H264Payload.containsParameterSets(bytes)
        case .vp8: return VP8Payload.startsKeyframe(bytes)
        }
    }

    /// The first packet of an SSRC that the offer did not announce: its mid extension says to which m-line it belongs
    /// (RFC 9143 §9.2), else the only m-line that could carry it.
    @inline(never)
    private mutating func adopt(
        _ header: RTPHeader, _ extensions: ReceivedExtensions, _ datagram: UnsafeMutableRawBufferPointer,
        _ peer: UnsafeMutablePointer<Peer>
    ) -> UnsafeMutablePointer<IncomingStream>? {
        let packet = UnsafeRawBufferPointer(datagram).bytes
        guard let meaning = peer.pointee.description.payloads[header.payloadType] else { return nil }
        let isRetransmission =
            if case .retransmission = meaning { true } else { false }
        let publications = peer.pointee.description.publications
        var publication: PeerDescription.Publication?
        if let range = extensions.mid, let mid = try? range.text(in: packet) {
            publication = publications.first { $0.mid.rawValue == mid }
        } else {
            let able = publications.filter { publication in
                switch meaning {
                case .media(let codec): publication.codecs.contains(codec)
                case .retransmission: publication.source != .microphone
                }
            }
            if able.count == 1 { publication = able.first }
        }
        // An announced source has its SSRC; only what was not announced is learnt from packets.
        guard let publication, publication.streams.isEmpty else { return nil }
        guard isAuthentic(datagram, header, peer) else { return nil }
        let stream = IncomingStream(
            ssrc: header.ssrc, source: publication.source, isRetransmission: isRetransmission)
        let replaces = !isRetransmission && peer.pointee.primaryStream(of: publication.source) != nil
        peer.pointee.removeStreams {
            $0.source == publication.source && $0.isRetransmission == isRetransmission
        }
        guard peer.pointee.add(stream) else { return nil }
        if replaces {
            peer.pointee.conference.pointee.restartTrack(
                TrackReference(member: peer.pointee.member, source: publication.source), buffers: &buffers)
        }
        return peer.pointee.stream(header.ssrc)
    }

    /// Whether the packet is the peer's own: nothing is learnt from what a stranger may have sent in its name.
    private func isAuthentic(
        _ datagram: UnsafeMutableRawBufferPointer, _ header: RTPHeader, _ peer: UnsafeMutablePointer<Peer>
    ) -> Bool {
        guard let base = datagram.baseAddress, let receiver = peer.pointee.receiver else { return false }
        var state = SRTPReceiveState()
        return receiver.pointee.unprotect(
            packet: base, length: datagram.count, headerLength: header.headerLength, into: spare,
            capacity: PacketBuffers.size, state: &state) >= 0
    }

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
        if case .selectedPairChanged(let endpoint)? = reaction.event { peer.pointee.destination = endpoint }
        // Before a nomination the pair that works is used, so that the handshake need not wait.
        if peer.pointee.destination == nil { peer.pointee.destination = source }
        peer.pointee.dtls.start(now: now)
        drive(peer, now: now)
    }
}
