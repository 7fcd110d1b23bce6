import ProtocolCore
import Testing

@testable import SDP

/// The H.264 formats that clients offer, and which of them we take with which level.
@Suite struct H264FormatTests {
    struct Client: Sendable, CustomTestStringConvertible {
        var name: String
        /// Payload type and parameters, nil for none, in the client's order.
        var formats: [(Int, String?)]
        /// What we answer, best first: payload type and parameters.
        var answer: [(Int, String)]

        var testDescription: String { name }
    }

    private static let mode1 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="
    private static let mode0 = "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id="

    static let clients = [
        // As in the recorded offers of Chromium.
        Client(
            name: "Chromium",
            formats: [
                (103, mode1 + "42001f"), (107, mode0 + "42001f"), (109, mode1 + "42e01f"), (115, mode0 + "42e01f"),
                (117, mode1 + "4d001f"), (119, mode0 + "4d001f"), (121, mode1 + "64001f"),
            ],
            answer: [
                (109, mode1 + "42e028"), (103, mode1 + "420028"), (117, mode1 + "4d0028"), (121, mode1 + "640028"),
            ]),
        // With its OpenH264 plug-in.
        Client(
            name: "Firefox",
            formats: [
                (126, "profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1"),
                (97, "profile-level-id=42e01f;level-asymmetry-allowed=1"),
                (105, "profile-level-id=42001f;level-asymmetry-allowed=1;packetization-mode=1"),
                (103, "profile-level-id=42001f;level-asymmetry-allowed=1"),
            ],
            answer: [(126, mode1 + "42e028"), (105, mode1 + "420028")]),
        // Levels so high that a strict comparison would leave nothing.
        Client(
            name: "Safari",
            formats: [
                (96, mode1 + "640c34"), (98, mode1 + "42e034"), (100, mode0 + "640c34"), (102, mode0 + "42e034"),
            ],
            answer: [(98, mode1 + "42e034"), (96, mode1 + "640c34")]),
        Client(
            name: "aiortc", formats: [(101, mode1 + "42001f"), (103, mode1 + "42e01f")],
            answer: [(103, mode1 + "42e028"), (101, mode1 + "420028")]),
        Client(
            name: "GStreamer", formats: [(96, "packetization-mode=1;profile-level-id=42c015")],
            answer: [(96, mode1 + "42e028")]),
        // Baseline at some level, one NAL unit a packet (RFC 6184 §8.1).
        Client(name: "no parameters", formats: [(96, nil)], answer: [(96, mode0 + "420028")]),
    ]

    @Test(arguments: clients) func answersWithRoomForFullHD(_ client: Client) throws {
        var text = Offers.minimal.replacing("BUNDLE 0", with: "BUNDLE 0 1")
        text += "m=video 9 UDP/TLS/RTP/SAVPF \(client.formats.map { "\($0.0)" }.joined(separator: " "))\n"
        text += "c=IN IP4 0.0.0.0\na=mid:1\na=sendonly\na=rtcp-mux\n"
        for (type, parameters) in client.formats {
            text += "a=rtpmap:\(type) H264/90000\n"
            if let parameters { text += "a=fmtp:\(type) \(parameters)\n" }
        }
        let (answer, session) = try negotiate(SessionDescription(parsing: text))
        #expect(session.lines[1].codecs.map { Int($0.payloadType.rawValue) } == client.answer.map(\.0))
        let answered = answer.media[1].attributes.values("fmtp").map { String($0) }
        #expect(answered == client.answer.map { "\($0.0) \($0.1)" })
    }

    @Test(arguments: [
        "packetization-mode=2;profile-level-id=42e01f", "packetization-mode=x;profile-level-id=42e01f",
        "profile-level-id=42e0", "profile-level-id=zzzzzz", "profile-level-id=",
    ])
    func refusesWhatItCannotRead(_ parameters: String) throws {
        let text = Offers.dense.replacing("packetization-mode=1;profile-level-id=42e01f", with: parameters)
        let session = try negotiate(try SessionDescription(parsing: text)).session
        #expect(session.lines[1].codecs.map(\.codec) == [.vp8])
    }
}
