internal import PayloadFormats
internal import ProtocolCore

/// Picks the codecs of one m-line: what both sides have, in our order of preference.
struct CodecNegotiation {
    private let media: SessionDescription.Media
    private let offered: [RTPMap]
    private let parameters: [PayloadType: FormatParameters]

    init(_ media: SessionDescription.Media) {
        self.media = media
        let maps = Dictionary(
            media.attributes.rtpMaps.map { ($0.payloadType, $0) }, uniquingKeysWith: { first, _ in first })
        offered = media.formats.compactMap { PayloadType(sdp: $0).flatMap { maps[$0] } }
        parameters = media.attributes.formatParameters
    }

    /// The codecs to answer with, the preferred first; empty when there is none in common.
    func codecs(for kind: MediaKind, preferOffererOrder: Bool) -> [NegotiatedCodec] {
        switch kind {
        case .audio:
            return opus()
        case .video:
            let h264 = h264()
            let vp8 = vp8()
            let families: Set = ["h264", "vp8"]
            let first = offered.first { families.contains($0.encodingName) }
            return preferOffererOrder && first?.encodingName == "vp8" ? vp8 + h264 : h264 + vp8
        }
    }

    private func opus() -> [NegotiatedCodec] {
        // RFC 7587 §7 wants two channels in the name, whatever is sent. Some encoders and cameras leave them out or
        // write what they capture; the packets are the same.
        let all = offered.filter { $0.encodingName == "opus" && $0.clockRate == 48_000 && $0.channels <= 2 }
        guard let found = all.first(where: { $0.channels == 2 }) ?? all.first else { return [] }
        var opus = codec(.opus, found)
        opus.redPayloadType = red(for: found)
        return [opus]
    }

    /// Redundant audio whose blocks are all of the codec (RFC 2198 §5): `a=fmtp:63 111/111`.
    private func red(for map: RTPMap) -> PayloadType? {
        let blocks = media.attributes.values("fmtp").compactMap { value -> (String, [Substring])? in
            guard let (number, text) = value.cut(at: " ") else { return nil }
            return (String(number), text.split(separator: "/"))
        }
        return offered.first { candidate in
            candidate.encodingName == "red" && candidate.clockRate == map.clockRate
                && candidate.channels == map.channels
                && blocks.contains { number, types in
                    number == candidate.payloadType.description && types.count >= 2
                        && types.allSatisfy { $0 == map.payloadType.description }
                }
        }?.payloadType
    }

    private func vp8() -> [NegotiatedCodec] {
        let found = offered.first { $0.encodingName == "vp8" && $0.clockRate == 90_000 }
        return found.map { [codec(.vp8, $0)] } ?? []
    }

    /// One payload type for each profile, with packetization mode 1 where the client has it.
    ///
    /// The level does not decide: it only says what the client can decode, and a sender may always stay below it.
    private func h264() -> [NegotiatedCodec] {
        let all = offered.filter { $0.encodingName == "h264" && $0.clockRate == 90_000 }.compactMap(h264Codec)
        let ranked = all.enumerated().sorted { left, right in
            (left.element.h264Rank, left.offset) < (right.element.h264Rank, right.offset)
        }
        var profiles: Set<H264Profile> = []
        return ranked.map(\.element).filter { codec in
            codec.h264.map { profiles.insert($0.profile).inserted } ?? false
        }
    }

    private func h264Codec(_ map: RTPMap) -> NegotiatedCodec? {
        let parameters = parameters[map.payloadType]
        // Without the parameter the mode is single NAL unit (RFC 6184 §8.1).
        guard let mode = UInt8(parameters?["packetization-mode"] ?? "0"), mode <= 1 else { return nil }
        var codec = codec(.h264, map)
        codec.packetizationMode = mode
        codec.parameterSets = (parameters?["sprop-parameter-sets"] ?? "").utf8.split(separator: UInt8(ascii: ","))
            .prefix(SessionDescription.Limit.parameterSets).compactMap { Base64.decode($0) }
        if let text = parameters?["profile-level-id"] {
            guard let known = try? H264ProfileLevelID(parsing: Substring(text)) else { return nil }
            codec.h264 = known
        } else {
            codec.h264 = .absent
        }
        return codec
    }

    private func codec(_ codec: Codec, _ map: RTPMap) -> NegotiatedCodec {
        var feedback = media.attributes.feedback(for: map.payloadType)
        // One kind of feedback is enough, and the transport-wide one needs no numbers remembered.
        if feedback.contains(.transportCC) { feedback.remove(.congestionControl) }
        var negotiated = NegotiatedCodec(
            codec: codec, payloadType: map.payloadType, rtxPayloadType: rtx(for: map), clockRate: map.clockRate,
            channels: map.channels, h264: nil, packetizationMode: 0,
            feedback: feedback)
        negotiated.offeredName = map.text
        return negotiated
    }

    private func rtx(for map: RTPMap) -> PayloadType? {
        offered.first { candidate in
            candidate.encodingName == "rtx" && candidate.clockRate == map.clockRate
                && parameters[candidate.payloadType]?["apt"].flatMap { PayloadType(sdp: $0) } == map.payloadType
        }?.payloadType
    }
}

extension NegotiatedCodec {
    /// The place of an H.264 codec in our order: mode 1 before mode 0, then the profiles that most decoders have.
    fileprivate var h264Rank: Int {
        let rank =
            switch h264?.profile {
            case .constrainedBaseline: 0
            case .baseline: 1
            case .main: 2
            case .constrainedHigh: 3
            case .high, nil: 4
            }
        return packetizationMode == 1 ? rank : rank + 5
    }

    /// Adds the lines of this codec and its retransmissions to an answer.
    func write(to attributes: inout AttributeList) {
        let common = "\(codec.encodingName)/\(clockRate)" + (channels > 1 ? "/\(channels)" : "")
        let name = offeredName ?? common
        attributes.append("rtpmap", "\(payloadType) \(name)")
        for (message, text) in RTCPFeedback.texts where feedback.contains(message) {
            attributes.append("rtcp-fb", "\(payloadType) \(text)")
        }
        // Bundled lines must give one payload type the same parameters, so nothing here depends on the line.
        switch codec {
        case .opus:
            attributes.append("fmtp", "\(payloadType) minptime=10;useinbandfec=1;usedtx=1")
        case .h264:
            let profile = h264.map { ";profile-level-id=\($0.acceptingFullHD)" } ?? ""
            attributes.append(
                "fmtp", "\(payloadType) level-asymmetry-allowed=1;packetization-mode=\(packetizationMode)\(profile)")
        case .vp8:
            break
        }
        if let redPayloadType {
            attributes.append("rtpmap", "\(redPayloadType) red/\(clockRate)" + (channels > 1 ? "/\(channels)" : ""))
            attributes.append("fmtp", "\(redPayloadType) \(payloadType)/\(payloadType)")
        }
        if let rtxPayloadType {
            attributes.append("rtpmap", "\(rtxPayloadType) rtx/\(clockRate)")
            attributes.append("fmtp", "\(rtxPayloadType) apt=\(payloadType)")
        }
    }

    /// The payload types to list in the m-line.
    var formats: [String] {
        // Redundant audio comes first: the first format is what the client sends.
        [redPayloadType, payloadType, rtxPayloadType].compactMap { $0?.description }
    }
}

extension H264ProfileLevelID {
    /// The same profile with the level that we take: at least 4.0, which 1080p needs. Each side tells its own level
    /// (`level-asymmetry-allowed`, RFC 6184 §8.2.2); whoever cannot encode so much stays below it.
    fileprivate var acceptingFullHD: H264ProfileLevelID {
        level < .level40 ? H264ProfileLevelID(profile: profile, level: .level40) : self
    }
}
