internal import ICE
internal import ProtocolCore
internal import RTP

extension Offerer {
    /// Reads the answer to an offer (RFC 9429 §5.11).
    public static func read(
        _ answer: SessionDescription, to offer: OfferParameters
    ) throws(AnswerError) -> AnsweredSession {
        let count = offer.lines.count + (offer.data == nil ? 0 : 1)
        guard answer.media.count == count else {
            throw AnswerError(.linesDiffer, "The answer has \(answer.media.count) m-lines, and the offer \(count).")
        }
        var medias = answer.media
        var data: NegotiatedDataLine?
        if let line = offer.data {
            let media = medias.remove(at: min(line.position, offer.lines.count))
            guard media.kind == DataLine.kind else {
                throw AnswerError(.linesDiffer, "The answer has another m-line in the place of \(line.mid).")
            }
            if media.port != 0 { data = DataLine.read(media, mid: line.mid) }
        }
        var lines: [AnsweredLine] = []
        var extensions = HeaderExtensionMap()
        for (media, offered) in zip(medias, offer.lines) {
            let line = try line(media, offered)
            lines.append(line)
            if line.isAccepted { merge(media, offered, into: &extensions) }
        }
        guard let first = answer.media.first(where: { $0.port != 0 }) else {
            throw AnswerError(.nothingAccepted, "The answer rejects every m-line.")
        }
        // What bundled lines share stands on the first one, or once for the session.
        let sources = [first.attributes, answer.attributes]
        guard let ice = sources.lazy.compactMap(\.iceCredentials).first, ice.isWellFormed else {
            throw AnswerError(.missingICECredentials, "The answer has no good a=ice-ufrag and a=ice-pwd.")
        }
        let fingerprints = sources.lazy.map { $0.fingerprints.filter(\.isAcceptable) }.first { !$0.isEmpty }
        guard let fingerprints else {
            throw AnswerError(
                .missingFingerprint, "The answer has no a=fingerprint with sha-256, sha-384 or sha-512.")
        }
        let candidates =
            answer.media.flatMap { Array($0.attributes.candidates.prefix(64)) } + answer.attributes.candidates
        return AnsweredSession(
            remoteICE: ice, isRemoteLite: answer.attributes.isICELite,
            candidates: candidates.sorted { $0.priority > $1.priority }, remoteFingerprints: fingerprints,
            ourDTLSRole: try role(sources), lines: lines, data: data, extensions: extensions)
    }

    private static func role(_ sources: [AttributeList]) throws(AnswerError) -> NegotiatedSession.DTLSRole {
        switch sources.lazy.compactMap(\.setup).first {
        case .passive: return .client
        case .active: return .server
        case .actpass, .holdconn, nil:
            throw AnswerError(.unsupportedSetup, "a=setup of the answer must be active or passive.")
        }
    }

    private static func line(
        _ media: SessionDescription.Media, _ offered: OfferLine
    ) throws(AnswerError) -> AnsweredLine {
        guard media.kind == offered.purpose.kind.rawValue, media.attributes.mid.map({ $0 == offered.mid }) ?? true
        else {
            throw AnswerError(.linesDiffer, "The answer has another m-line in the place of \(offered.mid).")
        }
        guard media.port != 0 else {
            return AnsweredLine(
                mid: offered.mid, purpose: offered.purpose, isAccepted: false, sends: false, receives: false,
                codecs: [])
        }
        guard media.attributes.hasRTCPMux else {
            throw AnswerError(.missingRTCPMux, "m-line \(offered.mid) of the answer has no a=rtcp-mux.")
        }
        let direction = media.attributes.direction
        // Only what we offered counts, under the payload types that we gave it.
        let ours = OfferedCodec.all(for: offered)
        let codecs = CodecNegotiation(media).codecs(for: offered.purpose.kind, preferOffererOrder: true)
            .filter { codec in ours.contains { $0.payloadType == codec.payloadType && $0.codec == codec.codec } }
        return AnsweredLine(
            mid: offered.mid, purpose: offered.purpose,
            sends: !offered.purpose.isSlot && direction.receives && offered.isActive && !codecs.isEmpty,
            receives: offered.purpose.isSlot && direction.sends && offered.isActive, codecs: codecs,
            rids: media.attributes.receivedRids.filter { offered.rids.contains($0) },
            streams: streams(media.attributes))
    }

    /// The announced streams, each with its retransmissions.
    private static func streams(_ attributes: AttributeList) -> [PublishedStream] {
        var repairs: [SSRC: SSRC] = [:]
        for group in attributes.ssrcGroups where group.semantics == "FID" && group.ssrcs.count == 2 {
            repairs[group.ssrcs[0]] = group.ssrcs[1]
        }
        var seen = Set(repairs.values)
        var streams: [PublishedStream] = []
        for ssrc in attributes.ssrcAttributes.map(\.ssrc) where seen.insert(ssrc).inserted {
            guard streams.count < 16 else { break }
            streams.append(PublishedStream(ssrc: ssrc, rtxSSRC: repairs[ssrc]))
        }
        return streams
    }

    private static func merge(
        _ media: SessionDescription.Media, _ offered: OfferLine, into extensions: inout HeaderExtensionMap
    ) {
        let ours = HeaderExtensionID.offered(for: offered)
        for mapping in media.attributes.extensionMappings {
            guard let id = UInt8(exactly: mapping.id), let known = HeaderExtension(uri: mapping.uri),
                ours.contains(where: { $0.rawValue == id && $0.meaning == known })
            else { continue }
            extensions[id] = known
        }
    }
}
