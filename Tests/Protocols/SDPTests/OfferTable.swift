import Foundation
import ProtocolCore
import SDP
import Testing

/// Offers by client, version and quirk, with what is expected of each of their m-lines.
///
/// A client that leaves something out, or writes it in its own way, gets a row here. Rows that are not recorded whole
/// change one of the recorded offers as the client would have written it.
enum OfferTable {
    /// What becomes of one m-line.
    enum Line: Hashable, CustomStringConvertible {
        /// It is used, with this codec first.
        case used(Codec)
        case data
        case refused(LineRejection.Reason)

        var description: String {
            switch self {
            case .used(let codec): "used with \(codec.rawValue)"
            case .data: "data"
            case .refused(let reason): "refused: \(reason.rawValue)"
            }
        }
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let client: String
        let version: String
        let quirk: String
        let offer: String
        let lines: [Line]

        var testDescription: String { "\(client) \(version): \(quirk)" }
    }

    static let audio = Line.used(.opus)
    static let h264 = Line.used(.h264)
    static let vp8 = Line.used(.vp8)

    static func rows() throws -> [Row] {
        try recorded() + bundled() + names() + transports() + codecs()
    }

    // MARK: The kinds of rows

    private static func recorded() throws -> [Row] {
        try [
            Row("Chromium", "156", "microphone and camera", Offers.text("chromium-camera-microphone"), [audio, h264]),
            Row("Chromium", "156", "simulcast", Offers.text("chromium-simulcast"), [audio, h264]),
            Row("Chromium", "156", "both ways, with data", Offers.text("chromium-plain"), [audio, h264, .data]),
            Row("Firefox", "153", "both ways", Offers.text("firefox-plain"), [audio, vp8]),
            Row(
                "Firefox", "153", "slots are bundle-only", Offers.text("firefox-camera-microphone-slots"),
                [audio, vp8, audio, audio, audio, vp8, vp8]),
            Row("aiortc", "1.16", "both ways", Offers.text("aiortc-plain"), [audio, h264]),
            Row("Safari", "26", "levels of 5.2 only", Offers.text("handwritten-safari"), [audio, h264]),
        ]
    }

    /// What is said once for all bundled lines (RFC 9143 §7.1.3), and what is not on their transport.
    private static func bundled() -> [Row] {
        let whole = Offers.pair
        func tail(without names: String...) -> String {
            // The second line, without what the first has said.
            guard let cut = whole.range(of: "m=video") else { return whole }
            let lines = whole[cut.lowerBound...].split(separator: "\n").filter { line in
                !names.contains { line.hasPrefix("a=\($0)") }
            }
            return whole[..<cut.lowerBound] + lines.joined(separator: "\n") + "\n"
        }
        let transport = ["ice-", "fingerprint", "setup", "candidate"]
        return [
            Row(
                "libdatachannel", "0.22", "rtcp-mux on the tagged line alone", tail(without: "rtcp-mux"), [audio, h264]),
            Row(
                "OBS", "31", "nothing of the transport is repeated",
                tail(without: "rtcp-mux", "rtcp-rsize", transport[0], transport[1], transport[2], transport[3]),
                [audio, h264]),
            Row(
                "Pion", "4", "the transport in the session part",
                whole.replacing("a=ice-ufrag:cAhd\n", with: "").replacing("a=setup:actpass\n", with: "")
                    .replacing("t=0 0\n", with: "t=0 0\na=setup:actpass\na=ice-ufrag:cAhd\n"), [audio, h264]),
            Row(
                "Janus", "1.2", "the group names the second line first",
                whole.replacing("BUNDLE 0 1", with: "BUNDLE 1 0").replacing(
                    "a=rtcp-mux\na=sendonly\n", with: "a=sendonly\n"),
                [audio, h264]),
            Row(
                "camera", "rtcp-mux-only", "the newer attribute alone",
                whole.replacing("a=rtcp-mux\n", with: "a=rtcp-mux-only\n"), [audio, h264]),
            Row(
                "camera", "no rtcp-mux", "RTCP on a port of its own, in a group",
                whole.replacing("a=rtcp-mux\n", with: "").replacing("BUNDLE 0 1", with: "BUNDLE 0 1 2")
                    + Offers.dataLine, [.refused(.missingRTCPMux), .refused(.missingRTCPMux), .data]),
            Row(
                "GStreamer", "1.22", "bundle-policy none: no group", whole.replacing("a=group:BUNDLE 0 1\n", with: ""),
                [audio, .refused(.notBundled)]),
            Row(
                "any", "", "the first line is outside of the group",
                whole.replacing("BUNDLE 0 1", with: "BUNDLE 1 2")
                    + Offers.dataLine, [.refused(.notBundled), h264, .data]),
            Row(
                "any", "", "two groups: the larger one",
                whole.replacing("BUNDLE 0 1", with: "BUNDLE 0\na=group:BUNDLE 1 2")
                    + Offers.dataLine, [.refused(.notBundled), h264, .data]),
            Row(
                "any", "", "a group names a line that is not there",
                whole.replacing("BUNDLE 0 1", with: "BUNDLE 9 0 1"),
                [audio, h264]),
            Row(
                "any", "", "the tagged line is rejected and has the transport",
                tail(without: "ice-", "fingerprint", "setup").replacing("opus/48000/2", with: "PCMU/8000"),
                [.refused(.noCommonCodec), h264]),
            Row(
                "any", "", "the tagged line is out of use",
                whole.replacing("m=audio 9", with: "m=audio 0"), [.refused(.removed), h264]),
            Row(
                "Chromium", "156", "max-bundle: the second line is bundle-only",
                tail(without: "ice-", "fingerprint", "setup").replacing("m=video 9", with: "m=video 0")
                    .replacing("a=mid:1\n", with: "a=mid:1\na=bundle-only\n"), [audio, h264]),
        ]
    }

    private static func names() -> [Row] {
        let (one, two) = (Offers.minimal, Offers.pair)
        let bare = one.replacing("a=group:BUNDLE 0\n", with: "")
        return [
            Row("FFmpeg", "8", "one line without a mid", bare.replacing("a=mid:0\n", with: ""), [audio]),
            Row("camera", "", "a group of nothing", one.replacing("a=mid:0\n", with: ""), [audio]),
            Row(
                "camera", "", "two lines without a mid",
                two.replacing("a=mid:0\n", with: "")
                    .replacing("a=mid:1\n", with: ""), [audio, .refused(.notBundled)]),
            Row("any", "", "a mid of 33 characters", named(one, 33), [audio]),
            Row("any", "", "a mid of 64 characters", named(one, 64), [audio]),
            Row(
                "any", "", "a mid of 65 characters", named(two, 65), [.refused(.unusableMid), h264]),
            Row("any", "", "a mid of all signs", named(one, "{a}!#$%&'*+-.^_`|~"), [audio]),
            Row("any", "", "a mid that is no token", one.replacing("a=mid:0", with: "a=mid:a b"), [audio]),
            Row(
                "any", "", "one mid twice", two.replacing("a=mid:1\n", with: "a=mid:0\n"),
                [audio, .refused(.unusableMid)]),
            Row(
                "any", "", "the name that we would invent",
                two.replacing("a=mid:1\n", with: "")
                    .replacing("BUNDLE 0 1", with: "BUNDLE line-1").replacing("a=mid:0\n", with: "a=mid:line-1\n"),
                [audio, .refused(.notBundled)]),
        ]
    }

    private static func named(_ offer: String, _ length: Int) -> String {
        named(offer, String(repeating: "m", count: length))
    }

    private static func named(_ offer: String, _ name: String) -> String {
        offer.replacing("a=mid:0\n", with: "a=mid:\(name)\n").replacing("BUNDLE 0", with: "BUNDLE \(name)")
    }

    /// Profiles, credentials and forms of the lines themselves.
    private static func transports() -> [Row] {
        let one = Offers.minimal
        let profiles = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF"]
        let signs = ["c-hd", "c_hd", "chd=", "c#hd", "c+/d", String(repeating: "u", count: 256)]
        return profiles.map { profile in
            Row("any", "", "m=audio 9 \(profile)", one.replacing("UDP/TLS/RTP/SAVPF", with: profile), [audio])
        }
            + signs.map { name in
                Row("Base64 for URLs", "", "a=ice-ufrag:\(name.prefix(8))", one.replacing("cAhd", with: name), [audio])
            } + [
                Row(
                    "Base64 for URLs", "", "a password with - _ = #",
                    one.replacing("ENdIHAA1ZaGEMLUx3zAmIDMc", with: "EN-IHAA1Za_EMLUx3zA#IDM="), [audio]),
                Row(
                    "any", "", "user name on the line, password in the session part",
                    one.replacing("a=ice-pwd:ENdIHAA1ZaGEMLUx3zAmIDMc\n", with: "")
                        .replacing("t=0 0\n", with: "t=0 0\na=ice-pwd:ENdIHAA1ZaGEMLUx3zAmIDMc\n"), [audio]),
                Row(
                    "camera", "", "spaces behind attributes",
                    one.replacing("a=rtcp-mux\n", with: "a=rtcp-mux \n").replacing(
                        "a=sendonly\n", with: "a=sendonly  \n"),
                    [audio]),
                Row(
                    "camera", "", "a direction for the whole session",
                    one.replacing("a=sendonly\n", with: "").replacing("t=0 0\n", with: "t=0 0\na=sendonly\n"), [audio]),
                Row("any", "", "one port, said", one.replacing("m=audio 9 ", with: "m=audio 9/1 "), [audio]),
                Row(
                    "layered encoder", "", "two ports for one line",
                    Offers.pair.replacing("m=video 9 ", with: "m=video 9/2 "), [audio, .refused(.unsupportedTransport)]
                ),
                Row(
                    "any", "", "an m-line of captions", one + "m=text 9 UDP/TLS/RTP/SAVPF 98\na=mid:1\n",
                    [audio, .refused(.unsupportedMedia)]),
            ]
    }

    private static func codecs() -> [Row] {
        let (one, two) = (Offers.minimal, Offers.pair)
        let spellings = ["OPUS/48000", "opus/48000", "opus/48000/1", "OPUS/48000/2", "Opus/48000/2"]
        return spellings.map { name in
            Row("GStreamer", "1.22", "a=rtpmap:111 \(name)", one.replacing("opus/48000/2", with: name), [audio])
        } + [
            Row(
                "camera", "", "G.711 alone", two.replacing("opus/48000/2", with: "PCMA/8000"),
                [.refused(.noCommonCodec), h264]),
            Row(
                "any", "", "Opus at another rate", two.replacing("opus/48000/2", with: "opus/16000/2"),
                [.refused(.noCommonCodec), h264]),
            Row("camera", "", "h264 in small letters", two.replacing("H264/90000", with: "h264/90000"), [audio, h264]),
            Row(
                "GStreamer", "1.22", "one payload type for both lines",
                two.replacing("SAVPF 98", with: "SAVPF 111").replacing(":98 ", with: ":111 "),
                [audio, .refused(.conflictingPayloadTypes)]),
            Row(
                "aiortc", "1.16", "packetization mode 0 alone", two.replacing("packetization-mode=1;", with: ""),
                [audio, h264]),
        ]
    }
}

extension OfferTable.Row {
    init(_ client: String, _ version: String, _ quirk: String, _ offer: String, _ lines: [OfferTable.Line]) {
        self.init(client: client, version: version, quirk: quirk, offer: offer, lines: lines)
    }
}
