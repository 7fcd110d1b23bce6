internal import ICE
internal import ProtocolCore
internal import RTP

/// Offers as the client side of WebRTC (RFC 9429 §5.2), and reads the answers: everything bundled on one transport.
///
/// ```swift
/// let offer = Offerer.offer(parameters)
/// send(offer.description)
/// let session = try Offerer.read(SessionDescription(parsing: answer), to: parameters)
/// ```
public enum Offerer {
    /// Writes an offer.
    public static func offer(_ parameters: OfferParameters) -> SessionDescription {
        var offer = SessionDescription(
            origin: SessionDescription.Origin(
                sessionID: String(parameters.sessionID), sessionVersion: String(parameters.sessionVersion),
                address: SessionDescription.ConnectionData(address: "127.0.0.1")))
        offer.attributes.append("group", (["BUNDLE"] + parameters.lines.map(\.mid.rawValue)).joined(separator: " "))
        offer.attributes.append("extmap-allow-mixed")
        offer.attributes.append("msid-semantic", "WMS *")
        offer.media = parameters.lines.enumerated().map { position, line in
            media(line, isFirst: position == 0, parameters)
        }
        return offer
    }

    private static func media(
        _ line: OfferLine, isFirst: Bool, _ parameters: OfferParameters
    ) -> SessionDescription.Media {
        let codecs = OfferedCodec.all(for: line)
        var media = SessionDescription.Media(
            kind: line.purpose.kind.rawValue, port: 9, transport: "UDP/TLS/RTP/SAVPF",
            formats: codecs.flatMap(\.formats), connection: .unspecified)
        media.attributes.append("mid", line.mid.rawValue)
        media.attributes.append("ice-ufrag", parameters.ice.ufrag)
        media.attributes.append("ice-pwd", parameters.ice.password)
        media.attributes.append("ice-options", "trickle")
        media.attributes.append("fingerprint", parameters.fingerprint.sdpValue)
        media.attributes.append("setup", SetupRole.actpass.rawValue)
        if isFirst {
            parameters.candidates.forEach { media.attributes.append("candidate", $0.sdpValue) }
            media.attributes.append("end-of-candidates")
        }
        for extensionID in HeaderExtensionID.offered(for: line) {
            media.attributes.append("extmap", "\(extensionID.rawValue) \(extensionID.meaning.uri)")
        }
        media.attributes.append(line.direction.rawValue)
        media.attributes.append("rtcp-mux")
        media.attributes.append("rtcp-rsize")
        codecs.forEach { $0.write(to: &media.attributes) }
        if !line.purpose.isSlot { writeStreams(of: line, parameters, to: &media.attributes) }
        return media
    }

    private static func writeStreams(
        of line: OfferLine, _ parameters: OfferParameters, to attributes: inout AttributeList
    ) {
        let msid = "\(parameters.cname) \(line.purpose.rawValue)-\(line.mid)"
        attributes.append("msid", msid)
        guard line.rids.isEmpty else {
            line.rids.forEach { attributes.append("rid", "\($0) send") }
            attributes.append("simulcast", "send " + line.rids.map(\.rawValue).joined(separator: ";"))
            return
        }
        for stream in line.streams {
            stream.rtxSSRC.map { attributes.append("ssrc-group", "FID \(stream.ssrc) \($0)") }
            for ssrc in [stream.ssrc, stream.rtxSSRC].compactMap({ $0 }) {
                attributes.append("ssrc", "\(ssrc) cname:\(parameters.cname)")
                attributes.append("ssrc", "\(ssrc) msid:\(msid)")
            }
        }
    }
}
