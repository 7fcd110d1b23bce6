internal import Conference
internal import DTLS
internal import ICE
internal import MediaIO
internal import MediaVocabulary
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
                receive(datagram, first, on: NetworkPath(remote: source, local: batch.local(index)), now: now)
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
            if let first = bytes.first { receive(bytes, first, on: NetworkPath(remote: source), now: now) }
        }
        flush()
    }

    @inline(__always)
    private mutating func receive(
        _ datagram: UnsafeMutableRawBufferPointer, _ first: UInt8, on path: NetworkPath, now: Instant
    ) {
        switch first {
        case 128...191:
            guard let owner = addresses.find(path), let peer = peer(owner.peer) else {
                counters.strayDatagrams += 1
                return
            }
            if datagram.count > 1, 192...223 ~= datagram[1] {
                receiveControl(datagram, peer, Int(owner.place), now: now)
            } else {
                receiveMedia(datagram, peer, Int(owner.place), now: now)
            }
        case 0...3:
            receiveSTUN(datagram, on: path, now: now)
        case 20...63:
            guard let owner = addresses.find(path), let peer = peer(owner.peer) else {
                counters.strayDatagrams += 1
                return
            }
            receiveHandshake(datagram, peer, Int(owner.place), now: now)
        default:
            counters.strayDatagrams += 1
        }
    }

    // MARK: DTLS

    @inline(never)
    private mutating func receiveHandshake(
        _ datagram: UnsafeMutableRawBufferPointer, _ peer: UnsafeMutablePointer<Peer>, _ place: Int, now: Instant
    ) {
        let entry = peer.pointee.paths[place]
        count(received: datagram.count, on: entry)
        let wasConnected = peer.pointee.sender != nil
        peer.pointee.dtls.handle(UnsafeRawBufferPointer(datagram).bytes, now: now)
        let isAuthentic = drive(peer, now: now)
        // The end of a handshake shows that its flights have arrived where they were sent.
        let endsHandshake = !wasConnected && peer.pointee.sender != nil
        if endsHandshake ? entry.pointee.path == peer.pointee.handshakePath : isAuthentic {
            peer.pointee.lastHeard = now
            prove(.packet, place, of: peer, now: now)
        }
        releaseHeld(of: peer)
    }

    // MARK: RTP

    @inline(__always)
    private mutating func receiveMedia(
        _ datagram: UnsafeMutableRawBufferPointer, _ peer: UnsafeMutablePointer<Peer>, _ place: Int, now: Instant
    ) {
        guard let base = datagram.baseAddress, let receiver = peer.pointee.receiver else {
            return receiveFromRival(datagram, of: peer, place, now: now)
        }
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
            return receiveFromRival(datagram, of: peer, place, now: now)
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
        let path = peer.pointee.paths[place]
        path.pointee.heard = now
        if path.pointee.proof == .none { prove(.packet, place, of: peer, now: now) }
        if now.nanoseconds - peer.pointee.lastMedia.nanoseconds >= WorkerCore.mediaPause { wake(peer) }
        peer.pointee.lastMedia = now
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

    /// A packet that the owner of its path cannot have sent may be of somebody else who claims the path.
    @inline(never)
    private mutating func receiveFromRival(
        _ datagram: UnsafeMutableRawBufferPointer, of owner: UnsafeMutablePointer<Peer>, _ place: Int, now: Instant
    ) {
        guard let rival = rival(of: owner, place, now: now), let peer = peer(rival.peer),
            peer.pointee.receiver != nil
        else { return }
        receiveMedia(datagram, peer, Int(rival.place), now: now)
    }

    @inline(__always)
    private func isProved(_ path: NetworkPath, of index: Int32) -> Bool {
        guard let owner = addresses.find(path), owner.peer == index, let peer = peer(index) else { return false }
        return peer.pointee.paths[Int(owner.place)].pointee.proof != .none
    }

    /// How far behind the newest packet a recovered one may be: less than the history holds.
    private static let oldestRecovery = 400

    // MARK: STUN

    @inline(never)
    private mutating func receiveSTUN(
        _ datagram: UnsafeMutableRawBufferPointer, on path: NetworkPath, now: Instant
    ) {
        let bytes = UnsafeRawBufferPointer(datagram).bytes
        if let answer = ICELiteAgent.tag(ofAnswer: bytes) {
            return answered(datagram, answer.tag, answer.secret, on: path, now: now)
        }
        counters.stunRequests += 1
        // What costs least comes first: most of a flood names nobody.
        guard let ufrag = ICELiteAgent.localUfragRange(ofBindingRequest: bytes),
            let index = ufrags.find(bytes.extracting(ufrag)), let peer = peer(index)
        else {
            counters.strayDatagrams += 1
            return
        }
        // The owner of a path that is proved is not held up by those who forge checks in its name from elsewhere.
        if !isProved(path, of: index), !peer.pointee.checks.take(now: now) {
            counters.refusedChecks += 1
            return
        }
        let reaction = peer.pointee.ice.handle(bytes, from: path.remote, to: path.local, now: now)
        guard reaction.refusal == nil else {
            counters.refusedSTUN += 1
            // An error is shorter than what it answers.
            if let response = reaction.response { sendNow(response, on: path) }
            return
        }
        peer.pointee.lastHeard = now
        checked(path, bytes: datagram.count, response: reaction.response, peer, now: now)
        peer.pointee.dtls.start(now: now)
        drive(peer, now: now)
    }
}
