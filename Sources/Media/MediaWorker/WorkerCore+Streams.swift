internal import Conference
internal import MediaVocabulary
internal import PayloadFormats
internal import ProtocolCore
internal import RTP
internal import SRTP

/// What the streams of a publisher are, and what their packets mean.
extension WorkerCore {
    /// Reads from a video packet what decides who gets it.
    @inline(__always)
    func describe(
        _ details: inout PacketDetails, _ extensions: ReceivedExtensions, _ packet: RawSpan,
        _ payload: UnsafeMutableRawPointer, _ length: Int, of stream: UnsafeMutablePointer<IncomingStream>
    ) {
        let bytes = UnsafeRawBufferPointer(start: payload, count: length).bytes
        details.layer = stream.pointee.layer
        details.orientation = extensions.videoOrientation
        switch details.codec {
        case .opus:
            return
        case .h264:
            details.h264 = H264Payload.content(of: bytes)
            details.startsKeyframe = details.h264.opensKeyframe
            if let range = extensions.dependencyDescriptor,
                let layer = stream.pointee.temporalLayers.layer(
                    in: packet.extracting(range.offset..<(range.offset + range.length)))
            {
                details.temporal = min(layer, 2)
            } else if details.h264.contains(.droppable) {
                // Nothing builds on this picture (RFC 6184 §5.3), so that receivers can do without it.
                details.temporal = 1
            }
        case .vp8:
            // Its temporal layers stay together: leaving one out would need new picture ids (RFC 7741 §4.2).
            details.startsKeyframe = VP8Payload.startsKeyframe(bytes)
            if let descriptor = try? VP8Descriptor(parsing: bytes), let pictureID = descriptor.pictureID {
                details.vp8 = VP8Numbers(pictureID: pictureID, tl0PictureIndex: descriptor.tl0PictureIndex ?? 0)
            }
        }
    }

    /// Notes how large the pictures of a layer are, from the packet that begins a keyframe.
    @inline(never)
    func recordSize(
        _ codec: MediaCodec, _ payload: UnsafeMutableRawPointer, _ length: Int, _ reference: TrackReference,
        _ layer: UInt8, _ peer: UnsafeMutablePointer<Peer>
    ) {
        let bytes = UnsafeRawBufferPointer(start: payload, count: length).bytes
        let size =
            switch codec {
            case .opus: PictureSize?.none
            case .h264: H264Payload.pictureSize(in: bytes)
            case .vp8: VP8Payload.pictureSize(in: bytes)
            }
        if let size { peer.pointee.conference.pointee.recordSize(size, of: reference, layer: layer) }
    }

    /// The first packet of an SSRC that no m-line accounts for: its mid extension says to which it belongs (RFC 9143
    /// §9.2), its rid to which simulcast layer (RFC 8852); without a mid, the only m-line that could carry it.
    ///
    /// That holds whether or not the offer announced other SSRCs: a sender may change its SSRC at any time (RFC 3550
    /// §8.2), and encoders that are not browsers announce one and send another. The new stream takes the old one's place,
    /// so that a sender has as many as its m-lines have layers, however often it begins anew.
    @inline(never)
    mutating func adopt(
        _ header: RTPHeader, _ extensions: ReceivedExtensions, _ datagram: UnsafeMutableRawBufferPointer,
        _ peer: UnsafeMutablePointer<Peer>
    ) -> UnsafeMutablePointer<IncomingStream>? {
        let packet = UnsafeRawBufferPointer(datagram).bytes
        guard let meaning = peer.pointee.description.payloads[header.payloadType] else { return nil }
        let isRetransmission =
            if case .retransmission = meaning { true } else { false }
        guard let publication = publication(for: meaning, extensions, packet, peer),
            let layer = layer(of: publication, isRetransmission: isRetransmission, extensions, packet)
        else { return nil }
        guard isAuthentic(datagram, header, peer) else { return nil }
        guard peer.pointee.streamChanges.take(now: clock) else {
            counters.refusedStreams += 1
            return nil
        }
        let source = publication.source
        var stream = IncomingStream(
            ssrc: header.ssrc, source: source, isRetransmission: isRetransmission, layer: layer)
        stream.isAdopted = true
        let replaces = !isRetransmission && peer.pointee.primaryStream(of: source, layer: layer) != nil
        peer.pointee.removeStreams {
            $0.source == source && $0.isRetransmission == isRetransmission && $0.layer == layer
        }
        guard peer.pointee.add(stream) else { return nil }
        schedule.set(peer.pointee.index, due: clock)
        if replaces {
            peer.pointee.conference.pointee.restartTrack(
                TrackReference(member: peer.pointee.member, source: source), layer: layer, buffers: &buffers)
        }
        return peer.pointee.stream(header.ssrc)
    }

    private func publication(
        for meaning: PayloadTable.Meaning, _ extensions: ReceivedExtensions, _ packet: RawSpan,
        _ peer: UnsafeMutablePointer<Peer>
    ) -> PeerDescription.Publication? {
        let publications = peer.pointee.description.publications
        if let range = extensions.mid, let mid = try? range.text(in: packet) {
            return publications.first { $0.mid.rawValue == mid }
        }
        let able = publications.filter { publication in
            switch meaning {
            case .media(let codec): publication.codecs.contains(codec)
            case .redundantAudio: publication.source == .microphone
            case .retransmission: publication.source != .microphone
            }
        }
        return able.count == 1 ? able.first : nil
    }

    /// Which layer a packet's rid names; a layer that was not negotiated has no place.
    private func layer(
        of publication: PeerDescription.Publication, isRetransmission: Bool, _ extensions: ReceivedExtensions,
        _ packet: RawSpan
    ) -> UInt8? {
        guard !publication.rids.isEmpty else { return 0 }
        // Senders differ on whether a retransmission names the layer that it repairs in its own extension.
        let range = isRetransmission ? extensions.repairedRid ?? extensions.rid : extensions.rid
        guard let range, let name = try? range.text(in: packet),
            let position = publication.rids.firstIndex(where: { $0.rawValue == name })
        else { return nil }
        return UInt8(truncatingIfNeeded: position)
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
}
