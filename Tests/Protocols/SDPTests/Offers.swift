import Foundation
import ICE
import ProtocolCore
import SDP
import Testing

/// The offers of real clients in `Recordings`, and what our side answers them with.
enum Offers {
    static let names = [
        "chromium-camera-microphone", "chromium-slots", "chromium-simulcast", "chromium-plain",
        "firefox-camera-microphone-slots", "firefox-plain", "aiortc-plain", "handwritten-safari",
    ]

    static func text(_ name: String) throws -> String {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "sdp", subdirectory: "Recordings"))
        return try String(contentsOf: url, encoding: .utf8)
    }

    static func offer(_ name: String) throws -> SessionDescription {
        try SessionDescription(parsing: text(name))
    }

    /// An offer after changing its text.
    static func offer(_ name: String, replacing old: String, with new: String) throws -> SessionDescription {
        let text = try text(name)
        #expect(text.contains(old))
        return try SessionDescription(parsing: text.replacingOccurrences(of: old, with: new))
    }

    /// ``minimal`` and a camera of H.264; each line says everything itself.
    static let pair =
        minimal.replacingOccurrences(of: "BUNDLE 0", with: "BUNDLE 0 1") + """
            m=video 9 UDP/TLS/RTP/SAVPF 98
            c=IN IP4 0.0.0.0
            a=mid:1
            a=ice-ufrag:cAhd
            a=ice-pwd:ENdIHAA1ZaGEMLUx3zAmIDMc
            a=fingerprint:sha-256 C7:60:99:53:59:44:3B:F7:AE:2C:BD:7F:C3:1D:86:CD:B3:45:30:97:85:3E:80:54:33:E9:A9:D6:3D:07:E0:46
            a=setup:actpass
            a=rtcp-mux
            a=rtcp-rsize
            a=sendonly
            a=rtpmap:98 H264/90000
            a=fmtp:98 packetization-mode=1;profile-level-id=42e01f

            """

    /// A line of data channels with the mid 2.
    static let dataLine = """
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 0.0.0.0
        a=mid:2
        a=sctp-port:5000

        """

    /// ``minimal`` and a video line with one of everything.
    static let dense =
        minimal.replacingOccurrences(of: "BUNDLE 0", with: "BUNDLE 0 1") + """
            a=ssrc:7 cname:a
            m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99
            c=IN IP6 ::1
            b=AS:100
            a=mid:1
            a=ice-options:trickle
            a=candidate:1 1 tcp 5 192.0.2.2 9 typ host tcptype active
            a=extmap:4/sendrecv urn:ietf:params:rtp-hdrext:sdes:mid
            a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
            a=sendrecv
            a=msid:a b
            a=rtcp-mux
            a=rtcp-rsize
            a=rtpmap:96 VP8/90000
            a=rtcp-fb:* nack pli
            a=rtcp-fb:96 ccm fir
            a=rtpmap:97 rtx/90000
            a=fmtp:97 apt=96
            a=rtpmap:98 H264/90000
            a=fmtp:98 packetization-mode=1;profile-level-id=42e01f
            a=rtpmap:99 rtx/90000
            a=fmtp:99 apt=98;rtx-time=200
            a=rid:q send
            a=rid:h send max-width=640
            a=simulcast:send q;~h
            a=ssrc-group:SIM 1 2
            a=ssrc-group:FID 1 3
            a=ssrc:1 cname:a
            a=ssrc:2 cname:a

            """

    /// The smallest offer that can be answered: one bundled microphone.
    static let minimal = """
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 0.0.0.0
        a=mid:0
        a=ice-ufrag:cAhd
        a=ice-pwd:ENdIHAA1ZaGEMLUx3zAmIDMc
        a=fingerprint:sha-256 C7:60:99:53:59:44:3B:F7:AE:2C:BD:7F:C3:1D:86:CD:B3:45:30:97:85:3E:80:54:33:E9:A9:D6:3D:07:E0:46
        a=setup:actpass
        a=rtcp-mux
        a=sendonly
        a=rtpmap:111 opus/48000/2

        """
}

extension AnswerParameters {
    static func test(purposes: [Mid: LinePurpose] = [:]) -> AnswerParameters {
        let endpoint = SocketEndpoint(ipv4: 0xcb00_7105, port: 40000)
        return AnswerParameters(
            sessionID: 77, sessionVersion: 3,
            ice: ICECredentials(ufrag: "serverUfrag", password: "serverPassword0123456789"),
            candidates: [Candidate(host: endpoint), Candidate(host: endpoint, transport: .tcp)],
            fingerprint: CertificateFingerprint(algorithm: "sha-256", digest: Array(repeating: 0xab, count: 32)),
            cname: "switchboard", purposes: purposes)
    }
}

/// Answers with SSRCs that count up from 1000.
func negotiate(
    _ offer: SessionDescription, _ parameters: AnswerParameters = .test(), previous: NegotiatedSession? = nil
) throws(NegotiationError) -> (answer: SessionDescription, session: NegotiatedSession) {
    var next: UInt32 = 1000
    return try Answerer.answer(offer, parameters: parameters, previous: previous) {
        next += 1
        return SSRC(next)
    }
}

/// What goes wrong with a changed ``Offers/minimal``.
func failure(replacing old: String, with new: String) throws -> NegotiationError? {
    #expect(Offers.minimal.contains(old))
    let offer = try SessionDescription(parsing: Offers.minimal.replacingOccurrences(of: old, with: new))
    do throws(NegotiationError) {
        _ = try negotiate(offer)
        return nil
    } catch {
        return error
    }
}
