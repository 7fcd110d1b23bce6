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
        var mids = parameters.lines.map(\.mid.rawValue)
        if let data = parameters.data { mids.insert(data.mid.rawValue, at: min(data.position, mids.count)) }
        offer.attributes.append("group", (["BUNDLE"] + mids).joined(separator: " "))
        offer.attributes.append("extmap-allow-mixed")
        offer.attributes.append("msid-semantic", "WMS *")
        offer.media = parameters.lines.map { media($0, parameters) }
        if let line = parameters.data {
            offer.media.insert(media(line, parameters), at: min(line.position, offer.media.count))
        }
        guard !offer.media.isEmpty else { return offer }
        parameters.candidates.forEach { offer.media[0].attributes.append("candidate", $0.sdpValue) }
        offer.media[0].attributes.append("end-of-candidates")
        return offer
    }

    private static func media(_ line: OfferDataLine, _ parameters: OfferParameters) -> SessionDescription.Media {
        var media = SessionDescription.Media(
            kind: DataLine.kind, port: 9, transport: "UDP/DTLS/SCTP", formats: [DataLine.format],
            connection: .unspecified)
        writeTransport(line.mid, parameters, to: &media.attributes)
        DataLine.write(to: &media.attributes)
        return media
    }

    private static func writeTransport(
        _ mid: Mid, _ parameters: OfferParameters, to attributes: inout AttributeList
    ) {
        attributes.append("mid", mid.rawValue)
        attributes.append("ice-ufrag", parameters.ice.ufrag)
        attributes.append("ice-pwd", parameters.ice.password)
        attributes.append("ice-options", "trickle")
        attributes.append("fingerprint", parameters.fingerprint.sdpValue)
        attributes.append("setup", SetupRole.actpass.rawValue)
    }

    private static func media(_ line: OfferLine, _ parameters: OfferParameters) -> SessionDescription.Media {
        let codecs = OfferedCodec.all(for: line)
        var media = SessionDescription.Media(
            kind: line.purpose.kind.rawValue, port: 9, transport: "UDP/TLS/RTP/SAVPF",
            formats: codecs.flatMap(\.formats), connection: .unspecified)
        writeTransport(line.mid, parameters, to: &media.attributes)
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
