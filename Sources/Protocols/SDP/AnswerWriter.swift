internal import ICE
internal import ProtocolCore
internal import RTP

/// Writes the answer to an offer from what was negotiated.
struct AnswerWriter {
    let offer: SessionDescription
    let parameters: AnswerParameters
    let session: NegotiatedSession
    /// What became of each m-line, in the order of the offer; nil where nothing is to be said of it.
    let lines: [LineDecision.Outcome?]

    func answer() -> SessionDescription {
        var answer = SessionDescription(
            origin: SessionDescription.Origin(
                sessionID: String(parameters.sessionID), sessionVersion: String(parameters.sessionVersion),
                address: .unspecified))
        // Lines without a mid, and a line outside of all groups, are on the transport without being bundled.
        let grouped = Set(offer.attributes.bundles.prefix(SessionDescription.Limit.bundles).joined())
        let bundle = session.bundle.filter(grouped.contains)
        if !bundle.isEmpty {
            answer.attributes.append("group", (["BUNDLE"] + bundle.map(\.rawValue)).joined(separator: " "))
        }
        answer.attributes.append("ice-lite")
        answer.attributes.append("ice-options", "ice2")
        if offer.attributes.allowsMixedExtensions { answer.attributes.append("extmap-allow-mixed") }
        answer.media = zip(offer.media, lines).map { media, outcome in
            switch outcome {
            case .data(let data)?: accepted(media, data)
            case .media(let line)? where line.isAccepted: accepted(media, line)
            case .media?, nil: rejected(media)
            }
        }
        return answer
    }

    private func rejected(_ media: SessionDescription.Media) -> SessionDescription.Media {
        var answer = SessionDescription.Media(
            kind: media.kind, port: 0, transport: media.transport, formats: Array(media.formats.prefix(1)),
            connection: .unspecified)
        media.attributes.mid.map { answer.attributes.append("mid", $0.rawValue) }
        // Data channel lines have no direction.
        if MediaKind(rawValue: media.kind) != nil { answer.attributes.append(MediaDirection.inactive.rawValue) }
        return answer
    }

    private func accepted(_ media: SessionDescription.Media, _ data: NegotiatedDataLine) -> SessionDescription.Media {
        var answer = SessionDescription.Media(
            kind: media.kind, port: parameters.candidates.first { $0.transport == .udp }?.port ?? 9,
            transport: media.transport, formats: [DataLine.format], connection: connection)
        media.attributes.mid.map { answer.attributes.append("mid", $0.rawValue) }
        writeTransport(data.mid, to: &answer.attributes)
        DataLine.write(to: &answer.attributes)
        return answer
    }

    private var connection: SessionDescription.ConnectionData {
        parameters.candidates.first { $0.transport == .udp }.map { candidate in
            .init(addressType: candidate.address.contains(":") ? "IP6" : "IP4", address: candidate.address)
        } ?? .unspecified
    }

    private func accepted(_ media: SessionDescription.Media, _ line: NegotiatedLine) -> SessionDescription.Media {
        let destination = parameters.candidates.first { $0.transport == .udp }
        var answer = SessionDescription.Media(
            kind: media.kind, port: destination?.port ?? 9, transport: media.transport,
            formats: line.codecs.flatMap(\.formats),
            connection: connection)
        media.attributes.mid.map { answer.attributes.append("mid", $0.rawValue) }
        writeTransport(line.mid, to: &answer.attributes)
        answer.attributes.append("rtcp-mux")
        if line.hasReducedSizeRTCP { answer.attributes.append("rtcp-rsize") }
        if media.attributes.allowsMixedExtensions { answer.attributes.append("extmap-allow-mixed") }
        answer.attributes.append(line.direction.rawValue)
        writeExtensions(media, line, to: &answer.attributes)
        line.codecs.forEach { $0.write(to: &answer.attributes) }
        if let rids = line.publish?.rids, !rids.isEmpty {
            rids.forEach { answer.attributes.append("rid", "\($0) recv") }
            answer.attributes.append("simulcast", "recv " + rids.map(\.rawValue).joined(separator: ";"))
        }
        line.slot.map { writeSlot($0, to: &answer.attributes) }
        return answer
    }

    /// Credentials, role and fingerprint stand on every line, since not every client takes them from the first one;
    /// candidates on the first alone.
    private func writeTransport(_ mid: Mid, to attributes: inout AttributeList) {
        attributes.append("ice-ufrag", parameters.ice.ufrag)
        attributes.append("ice-pwd", parameters.ice.password)
        attributes.append("fingerprint", parameters.fingerprint.sdpValue)
        let role: SetupRole = session.ourDTLSRole == .server ? .passive : .active
        attributes.append("setup", role.rawValue)
        if mid == session.bundle.first {
            parameters.candidates.forEach { attributes.append("candidate", $0.sdpValue) }
            attributes.append("end-of-candidates")
        }
    }

    private func writeExtensions(
        _ media: SessionDescription.Media, _ line: NegotiatedLine, to attributes: inout AttributeList
    ) {
        let mappings = media.attributes.extensionMappings + offer.attributes.extensionMappings
        var written: Set<UInt16> = []
        for mapping in mappings where written.insert(mapping.id).inserted {
            guard let id = UInt8(exactly: mapping.id), let known = line.extensions[id],
                HeaderExtension(uri: mapping.uri) == known
            else { continue }
            // What the offerer only sends we only receive, and the reverse.
            let direction = mapping.direction.map {
                "/" + MediaDirection(sends: $0.receives, receives: $0.sends).rawValue
            }
            attributes.append("extmap", "\(id)\(direction ?? "") \(mapping.uri)")
        }
    }

    private func writeSlot(_ slot: SlotLine, to attributes: inout AttributeList) {
        let msid = "\(slot.streamID) \(slot.trackID)"
        attributes.append("msid", msid)
        slot.rtxSSRC.map { attributes.append("ssrc-group", "FID \(slot.ssrc) \($0)") }
        for ssrc in [slot.ssrc, slot.rtxSSRC].compactMap({ $0 }) {
            attributes.append("ssrc", "\(ssrc) cname:\(parameters.cname)")
            attributes.append("ssrc", "\(ssrc) msid:\(msid)")
        }
    }
}
