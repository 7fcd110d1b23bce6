public import Congestion
internal import ICE
internal import PayloadFormats
public import ProtocolCore
public import RTP
internal import SDP
internal import SRTP

/// Media out: audio at once, video as the link has room.
extension ClientSession {
    /// Requested packets remembered; what a peer asks beyond them is not sent again.
    static let mostRepairs = 512
    /// Padding in one packet that has nothing else: what libwebrtc sends.
    private static let paddingSize = 224
    /// Timers are not finer than this.
    private static let shortestPause: Duration = .milliseconds(1)
    /// What the network adds to a datagram: IPv4 and UDP headers.
    private static let networkOverhead = 28

    /// What would be sent if the link carried anything: probes go no higher than this.
    public mutating func setWantedBitrate(_ bitrate: Bitrate) {
        controller.needed = bitrate
    }

    /// Sends one encoded audio frame.
    /// - Parameters:
    ///   - mediaTime: When its first sample was taken, on the source's time line.
    ///   - marker: Set on the first packet after silence.
    public mutating func sendAudio(
        _ payload: [UInt8], on id: StreamID, mediaTime: Duration, level: AudioLevel? = nil, marker: Bool = false,
        now: Instant, into output: inout DatagramBuffer
    ) {
        guard isConnected, let path = ice.path, outgoing[id.index].codec != nil else { return }
        let timestamp = outgoing[id.index].timestamp(of: mediaTime)
        transmit(
            id.index, payload, timestamp: timestamp, marker: marker, level: level, now: now, path: path,
            into: &output)
    }

    /// Sends one access unit of H.264 in the byte stream format.
    /// - Returns: Whether it was taken; what the link does not carry is dropped up to the next keyframe.
    @discardableResult
    public mutating func sendAccessUnit(
        _ accessUnit: [UInt8], isKeyframe: Bool, on id: StreamID, mediaTime: Duration, now: Instant,
        into output: inout DatagramBuffer
    ) -> Bool {
        sendFrame(
            H264Packetizer.payloads(of: accessUnit, maximumPayloadSize: Self.maximumPayloadSize),
            isKeyframe: isKeyframe, on: id, mediaTime: mediaTime, now: now, into: &output)
    }

    /// Sends one frame that is cut into RTP payloads already, each of at most ``maximumPayloadSize`` bytes.
    ///
    /// The arrays are kept for retransmission and not copied, so many sessions may send the same ones.
    /// - Returns: Whether it was taken; what the link does not carry is dropped up to the next keyframe.
    @discardableResult
    public mutating func sendFrame(
        _ payloads: [[UInt8]], isKeyframe: Bool, on id: StreamID, mediaTime: Duration, now: Instant,
        into output: inout DatagramBuffer
    ) -> Bool {
        let index = id.index
        guard isConnected, let path = ice.path, outgoing[index].codec != nil else { return false }
        guard payloads.allSatisfy({ $0.count <= Self.maximumPayloadSize }) else { return false }
        let size = payloads.reduce(0) { $0 + $1.count }
        guard isLayerOpen(index, size, isKeyframe: isKeyframe, now: now),
            hasRoom(index, isKeyframe: isKeyframe, now: now)
        else {
            counters.droppedFrames += 1
            return false
        }
        frames.take(size)
        let timestamp = outgoing[index].timestamp(of: mediaTime)
        for (position, payload) in payloads.enumerated() {
            backlog.append(
                PacketQueue.Packet(
                    stream: index, payload: payload, timestamp: timestamp, marker: position == payloads.count - 1))
        }
        flushVideo(now: now, path: path, into: &output)
        return true
    }

    /// Whether a layer goes at all: a link that is too narrow for all of them carries some of them whole.
    private mutating func isLayerOpen(_ index: Int, _ size: Int, isKeyframe: Bool, now: Instant) -> Bool {
        guard extensions.hasTransportSequence, outgoing[index].rid != nil else { return true }
        outgoing[index].gate.offer(size, isKeyframe: isKeyframe, now: now)
        guard let own = outgoing[index].gate.offered else { return true }
        let streams = outgoing
        let others = streams.indices.filter {
            $0 != index && streams[$0].mid == streams[index].mid && streams[$0].isMade(now: now)
        }
        let wasOpen = outgoing[index].gate.isOpen
        // While a queue is drained the target is lower for a moment, and what goes for long is not decided by that.
        let target = controller.capacity
        let load = LayerGate.load(
            of: own, beside: others.map { (outgoing[$0].gate.offered ?? .zero, outgoing[$0].gate.isOpen) },
            target: target)
        outgoing[index].gate.update(load: load, target: target, now: now)
        guard outgoing[index].gate.isOpen else {
            outgoing[index].awaitsKeyframe = true
            // What waits would only keep the smaller layers from the link.
            if wasOpen { frames.giveBack(backlog.removeAll(of: index)) }
            return false
        }
        if !wasOpen { wantKeyframe(index) }
        return true
    }

    /// Whether a frame may go; after one that may not, only a keyframe may.
    private mutating func hasRoom(_ index: Int, isKeyframe: Bool, now: Instant) -> Bool {
        guard extensions.hasTransportSequence else { return true }
        guard frames.hasRoom(target: controller.target, now: now) else {
            outgoing[index].awaitsKeyframe = true
            return false
        }
        if isKeyframe {
            outgoing[index].awaitsKeyframe = false
        } else if outgoing[index].awaitsKeyframe {
            if frames.hasRecovered(target: controller.target, now: now) { wantKeyframe(index) }
            return false
        }
        return true
    }

    /// Lets go what the link has room for: what was asked for again first, then what waits, then padding for probes.
    mutating func flushVideo(now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer) {
        guard extensions.hasTransportSequence else {
            while sendNextVideo(now: now, path: path, into: &output) {}
            return
        }
        pacer.target = controller.target
        while let step = pacer.probe(now: now) {
            guard sendForProbe(step.bytes, now: now, path: path, into: &output) else { break }
        }
        while pacer.budget(now: now) > 0, sendNextVideo(now: now, path: path, into: &output) {}
        var wakeUp = backlog.isEmpty && repairs.isEmpty ? nil : pacer.nextBudget(after: now)
        if let probe = pacer.nextProbe { wakeUp = min(wakeUp ?? probe, probe) }
        guard let wakeUp else { return }
        let soonest = now + Self.shortestPause
        nextControl = max(min(nextControl ?? wakeUp, wakeUp), soonest)
    }

    private mutating func sendForProbe(
        _ bytes: Int, now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer
    ) -> Bool {
        var rest = bytes
        while rest > 0 {
            let before = counters.sentBytes
            guard
                sendNextVideo(now: now, path: path, into: &output) || sendPadding(now: now, path: path, into: &output)
            else { return false }
            rest -= max(1, counters.sentBytes - before)
        }
        return true
    }

    private mutating func sendNextVideo(
        now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer
    ) -> Bool {
        while !repairs.isEmpty {
            let repair = repairs.removeFirst()
            if retransmit(repair, now: now, path: path, into: &output) { return true }
        }
        while let packet = backlog.popFirst() {
            guard outgoing[packet.stream].codec != nil else { continue }
            transmit(
                packet.stream, packet.payload, timestamp: packet.timestamp, marker: packet.marker, level: nil,
                now: now, path: path, into: &output)
            return true
        }
        return false
    }

    // MARK: Packets

    private mutating func transmit(
        _ index: Int, _ payload: [UInt8], timestamp: RTPTimestamp, marker: Bool, level: AudioLevel?, now: Instant,
        path: ICEAgent.Path, into output: inout DatagramBuffer
    ) {
        guard let codec = outgoing[index].codec else { return }
        let extended = outgoing[index].nextIndex
        let length = write(
            Head(
                stream: index, ssrc: outgoing[index].ssrc, payloadType: codec.payloadType, index: extended,
                timestamp: timestamp, marker: marker, level: level),
            prefix: nil, payload: payload, now: now, path: path, into: &output)
        guard length > 0 else { return }
        outgoing[index].nextIndex += 1
        outgoing[index].packetCount &+= 1
        outgoing[index].octetCount &+= UInt32(truncatingIfNeeded: payload.count)
        outgoing[index].lastTimestamp = (timestamp, now)
        outgoing[index].remember(
            OutgoingStream.Sent(
                payload: payload, index: extended, timestamp: timestamp, marker: marker, lastSent: now))
    }

    /// Sends a packet again on the retransmission stream (RFC 4588 §4).
    private mutating func retransmit(
        _ repair: Repair, now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer
    ) -> Bool {
        let stream = outgoing[repair.stream]
        guard let sent = stream[repair.index], let rtxSSRC = stream.rtxSSRC, let type = stream.codec?.rtxPayloadType
        else { return false }
        // Asked for twice within a round trip, it is on its way already.
        guard now - sent.lastSent >= (roundTrip ?? .milliseconds(20)) else { return false }
        let length = write(
            Head(
                stream: repair.stream, ssrc: rtxSSRC, payloadType: type, index: stream.nextRTXIndex,
                timestamp: sent.timestamp, marker: sent.marker, level: nil, isRetransmission: true),
            prefix: UInt16(truncatingIfNeeded: sent.index), payload: sent.payload, now: now, path: path,
            into: &output)
        guard length > 0 else { return false }
        outgoing[repair.stream].nextRTXIndex += 1
        outgoing[repair.stream].noteRetransmission(repair.index, at: now)
        counters.retransmittedPackets += 1
        return true
    }

    /// Sends a packet of nothing but padding on a retransmission stream (RFC 3550 §5.1).
    private mutating func sendPadding(
        now: Instant, path: ICEAgent.Path, into output: inout DatagramBuffer
    ) -> Bool {
        guard
            let index = outgoing.firstIndex(where: {
                $0.rtxSSRC != nil && $0.codec?.rtxPayloadType != nil && $0.lastTimestamp != nil
            }), let rtxSSRC = outgoing[index].rtxSSRC, let type = outgoing[index].codec?.rtxPayloadType,
            let last = outgoing[index].lastTimestamp
        else { return false }
        var padding = [UInt8](repeating: 0, count: Self.paddingSize)
        padding[Self.paddingSize - 1] = UInt8(Self.paddingSize)
        let length = write(
            Head(
                stream: index, ssrc: rtxSSRC, payloadType: type, index: outgoing[index].nextRTXIndex,
                timestamp: last.value, marker: false, level: nil, isRetransmission: true, hasPadding: true),
            prefix: nil, payload: padding, now: now, path: path, into: &output)
        guard length > 0 else { return false }
        outgoing[index].nextRTXIndex += 1
        counters.paddingPackets += 1
        return true
    }

    /// What the header of one packet says.
    private struct Head {
        var stream: Int
        var ssrc: SSRC
        var payloadType: PayloadType
        /// The extended sequence number.
        var index: UInt64
        var timestamp: RTPTimestamp
        var marker: Bool
        var level: AudioLevel?
        var isRetransmission = false
        var hasPadding = false
    }

    /// Writes, encrypts and queues a packet; returns its length, 0 when it could not be made.
    private mutating func write(
        _ head: Head, prefix: UInt16?, payload: [UInt8], now: Instant, path: ICEAgent.Path,
        into output: inout DatagramBuffer
    ) -> Int {
        let out = output.reserve()
        let number = nextTransportSequence
        var extensionWriter = HeaderExtensionWriter(into: out + RTPHeader.fixedLength, capacity: 96)
        Self.writeExtensions(
            head, outgoing[head.stream], extensions, number, now: now, to: &extensionWriter)
        let extensionLength = extensionWriter.finish()
        _ = RTPHeader.write(
            marker: head.marker, payloadType: head.payloadType,
            sequenceNumber: SequenceNumber(UInt16(truncatingIfNeeded: head.index)), timestamp: head.timestamp,
            ssrc: head.ssrc, hasExtension: extensionLength > 0, hasPadding: head.hasPadding, into: out,
            capacity: DatagramBuffer.largestDatagram)
        let headerLength = RTPHeader.fixedLength + extensionLength
        let body = out + headerLength
        var bodyLength = payload.count
        if let prefix {
            body.storeBytes(of: prefix.bigEndian, as: UInt16.self)
            bodyLength += 2
        }
        guard headerLength + bodyLength + ProtectionProfile.maximumTagLength <= DatagramBuffer.largestDatagram else {
            return 0
        }
        payload.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            (prefix == nil ? body : body + 2).copyMemory(from: base, byteCount: bytes.count)
        }
        let length =
            sender?.protect(
                header: out, headerLength: headerLength, payload: body, payloadLength: bodyLength,
                rolloverCounter: UInt32(truncatingIfNeeded: head.index >> 16)) ?? 0
        guard length > 0 else { return 0 }
        output.commit(length: length, path: path)
        counters.sentPackets += 1
        counters.sentBytes += length
        if extensions.hasTransportSequence {
            nextTransportSequence &+= 1
            let size = length + Self.networkOverhead
            controller.sent(transportSequence: number, bytes: size, at: now, probe: pacer.activeProbe)
            pacer.spent(size, now: now)
        }
        return length
    }

    private static func writeExtensions(
        _ head: Head, _ stream: OutgoingStream, _ extensions: HeaderExtensionMap, _ number: UInt16, now: Instant,
        to writer: inout HeaderExtensionWriter
    ) {
        if let id = extensions.id(for: .transportSequence) { _ = writer.append(id: id, uint16: number) }
        if let id = extensions.id(for: .absoluteSendTime) {
            // 6.18 fixed-point seconds.
            let seconds = UInt64(bitPattern: now.nanoseconds / 1_000_000_000)
            let rest = UInt64(bitPattern: now.nanoseconds % 1_000_000_000)
            let time = UInt32(truncatingIfNeeded: seconds << 18 &+ (rest << 18) / 1_000_000_000)
            _ = writer.append(id: id, uint24: time & 0xff_ffff)
        }
        if let level = head.level, let id = extensions.id(for: .audioLevel) {
            _ = writer.append(id: id, uint8: level.rawValue)
        }
        guard !stream.isKnownToPeer || head.isRetransmission else { return }
        if let id = extensions.id(for: .mid) {
            _ = stream.midBytes.withUnsafeBytes { writer.append(id: id, bytes: $0) }
        }
        let layer: HeaderExtension = head.isRetransmission ? .repairedRid : .rid
        if !stream.ridBytes.isEmpty, let id = extensions.id(for: layer) {
            _ = stream.ridBytes.withUnsafeBytes { writer.append(id: id, bytes: $0) }
        }
    }
}

extension HeaderExtensionMap {
    /// Whether packets are numbered across streams, so that their feedback paces what is sent.
    var hasTransportSequence: Bool { id(for: .transportSequence) != nil }
}

extension OutgoingStream {
    /// Whether its frames come at present, sent or not.
    fileprivate func isMade(now: Instant) -> Bool {
        gate.lastOffer.map { now - $0 < LayerGate.window } ?? false
    }
}
