internal import DTLS
public import ICE
internal import PayloadFormats
public import ProtocolCore
internal import RTP
internal import SDP
internal import SRTP
internal import STUN

/// Datagrams in: demultiplexing (RFC 7983), decryption, repair.
extension ClientSession {
    /// Takes one datagram, or a packet that came over another link; it may be changed.
    /// - Parameter deliver: Gets each media packet, lost ones as they are recovered; the payload is valid in the call
    ///   alone.
    public mutating func receive(
        _ datagram: UnsafeMutableRawBufferPointer, from source: SocketEndpoint, to local: SocketEndpoint,
        over link: Link = .udp, now: Instant, into output: inout DatagramBuffer,
        deliver: (ReceivedPacket, UnsafeRawBufferPointer) -> Void
    ) {
        guard let first = datagram.first else { return }
        switch first {
        case 0...3:
            ice.handle(UnsafeRawBufferPointer(datagram).bytes, from: source, to: local, over: link, now: now)
            driveICE(now: now, into: &output)
        case 20...63:
            guard let dtls else { return }
            dtls.handle(UnsafeRawBufferPointer(datagram).bytes, now: now)
            driveDTLS(now: now, into: &output)
        case 128...191:
            if datagram.count > 1, 192...223 ~= datagram[1] {
                receiveControl(UnsafeRawBufferPointer(datagram), now: now, into: &output)
            } else {
                receiveMedia(datagram, now: now, deliver: deliver)
            }
        default:
            counters.refusedPackets += 1
        }
    }

    private mutating func receiveMedia(
        _ datagram: UnsafeMutableRawBufferPointer, now: Instant,
        deliver: (ReceivedPacket, UnsafeRawBufferPointer) -> Void
    ) {
        guard let base = datagram.baseAddress else { return }
        let bytes = UnsafeRawBufferPointer(datagram).bytes
        let header: RTPHeader
        let values: ReceivedExtensions
        do throws(ParseError) {
            header = try RTPHeader(parsing: bytes)
            values = try ReceivedExtensions(parsing: bytes, header: header, map: extensions)
        } catch {
            counters.refusedPackets += 1
            return
        }
        guard let stream = incoming[header.ssrc] else {
            counters.unknownPackets += 1
            return
        }
        let payload = base + header.headerLength
        var length =
            receiver?.unprotect(
                packet: base, length: datagram.count, headerLength: header.headerLength, into: payload,
                capacity: datagram.count - header.headerLength, state: &stream.security) ?? -1
        guard length >= 0 else {
            counters.refusedPackets += 1
            return
        }
        counters.receivedPackets += 1
        counters.receivedBytes += datagram.count
        if let number = values.transportSequence { arrivals.record(transportSequence: number, at: now) }
        stream.statistics.record(header, at: now, clockRate: stream.clockRate)
        if header.hasPadding {
            guard
                let padding = try? RTPHeader.paddingLength(
                    of: UnsafeRawBufferPointer(start: payload, count: length).bytes)
            else { return }
            length -= padding
        }
        let content = UnsafeRawBufferPointer(start: payload, count: length)
        if let repaired = stream.repairs {
            recover(header, values, content, of: repaired, now: now, deliver: deliver)
            return
        }
        if stream.isRepaired {
            stream.losses.record(header.sequenceNumber, at: now)
            if stream.hasLosses { hasLosses = true }
        }
        guard length > 0, let codec = payloadTypes[Int(header.payloadType.rawValue)] else { return }
        if stream.isRepaired, startsKeyframe(content, codec.codec) {
            stream.losses.noteKeyframe(at: header.sequenceNumber)
        }
        deliver(
            ReceivedPacket(
                mid: stream.mid, purpose: stream.purpose, ssrc: stream.ssrc, codec: codec.codec,
                sequence: header.sequenceNumber, timestamp: header.timestamp, marker: header.marker,
                audioLevel: values.audioLevel, orientation: values.videoOrientation, arrival: now,
                isRecovered: false, isRedundant: redTypes.contains(header.payloadType)), content)
    }

    /// A packet that was sent again (RFC 4588 §4): two bytes of original sequence number, then the payload.
    private mutating func recover(
        _ header: RTPHeader, _ values: ReceivedExtensions, _ content: UnsafeRawBufferPointer, of ssrc: SSRC,
        now: Instant, deliver: (ReceivedPacket, UnsafeRawBufferPointer) -> Void
    ) {
        guard content.count > 2, rtxTypes.contains(header.payloadType), let stream = incoming[ssrc],
            let codec = payloadTypes.lazy.compactMap({ $0 }).first(where: {
                $0.rtxPayloadType == header.payloadType
            }), let original = try? content.bytes.uint16(at: 0)
        else { return }
        let sequence = SequenceNumber(original)
        // Only what is missing: anything else was sent to probe the link.
        guard stream.isRepaired else { return }
        let missing = stream.losses.missingCount
        stream.losses.record(sequence, at: now)
        if stream.hasLosses { hasLosses = true }
        guard stream.losses.missingCount < missing else { return }
        let payload = UnsafeRawBufferPointer(rebasing: content[2...])
        if startsKeyframe(payload, codec.codec) { stream.losses.noteKeyframe(at: sequence) }
        counters.recoveredPackets += 1
        deliver(
            ReceivedPacket(
                mid: stream.mid, purpose: stream.purpose, ssrc: ssrc, codec: codec.codec, sequence: sequence,
                timestamp: header.timestamp, marker: header.marker, audioLevel: values.audioLevel,
                orientation: values.videoOrientation, arrival: now, isRecovered: true),
            payload)
    }

    /// Whether nothing depends on what was lost before this packet.
    private func startsKeyframe(_ payload: UnsafeRawBufferPointer, _ codec: Codec) -> Bool {
        switch codec {
        case .opus: false
        case .h264: H264Payload.containsParameterSets(payload.bytes)
        case .vp8: VP8Payload.startsKeyframe(payload.bytes)
        }
    }
}
