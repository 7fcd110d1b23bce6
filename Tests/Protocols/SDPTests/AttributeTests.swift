import ICE
import ProtocolCore
import SDP
import Testing

@Suite struct AttributeTests {
    func list(_ lines: String...) throws -> AttributeList {
        let text = Offers.minimal + lines.map { "a=\($0)\n" }.joined()
        return try #require(try SessionDescription(parsing: text).media.first).attributes
    }

    @Test func readsTheTransport() throws {
        let media = try Offers.offer("chromium-simulcast").media[1].attributes
        #expect(media.iceCredentials == ICECredentials(ufrag: "cAhd", password: "ENdIHAA1ZaGEMLUx3zAmIDMc"))
        #expect(media.iceOptions == ["trickle"])
        #expect(media.setup == .actpass)
        #expect(media.mid == Mid("1"))
        #expect(media.hasRTCPMux)
        #expect(media.hasReducedSizeRTCP)
        #expect(media.candidates.count == 4)
        #expect(media.candidates.map(\.address) == ["192.0.2.2", "fd00::2", "192.0.2.2", "fd00::2"])
        let fingerprint = try #require(media.fingerprints.first)
        #expect(fingerprint.algorithm == "sha-256")
        #expect(fingerprint.digest.count == 32)
        #expect(fingerprint.digest.first == 0xc7)
        #expect(media.value("fingerprint") == fingerprint.sdpValue)

        let session = try Offers.offer("chromium-simulcast").attributes
        #expect(session.bundles == [[Mid("0"), Mid("1")]])
        #expect(session.allowsMixedExtensions)
        #expect(!session.isICELite)
        #expect(try Offers.offer("chromium-plain").media[2].attributes.sctpPort == 5000)
    }

    @Test func readsTheMedia() throws {
        let media = try Offers.offer("chromium-simulcast").media[1].attributes
        #expect(media.direction == .sendonly)
        #expect(media.sentRids == [Rid("q"), Rid("h"), Rid("f")])
        #expect(media.receivedRids == [])
        let map = try #require(media.rtpMaps.first { $0.payloadType == PayloadType(102) })
        #expect((map.encodingName, map.clockRate, map.channels) == ("h264", 90_000, 1))
        #expect(media.formatParameters[PayloadType(102)]?["packetization-mode"] == "1")
        #expect(media.formatParameters[PayloadType(103)]?["apt"] == "102")
        #expect(media.feedback(for: PayloadType(102)) == [.nack, .pli, .fir, .transportCC, .remb])
        #expect(media.feedback(for: PayloadType(103)) == [])
        let mapping = try #require(media.extensionMappings.first { $0.id == 13 })
        #expect(mapping.uri == "urn:3gpp:video-orientation")

        let firefox = try Offers.offer("firefox-plain").media[0].attributes
        #expect(firefox.extensionMappings.first { $0.id == 2 }?.direction == .recvonly)
        #expect(firefox.mediaStreamIDs.count == 1)
        #expect(firefox.formatParameters[PayloadType(109)]?["stereo"] == "1")

        let video = try Offers.offer("chromium-plain").media[1].attributes
        let group = try #require(video.ssrcGroups.first)
        #expect(group.semantics == "FID")
        #expect(group.ssrcs.count == 2)
        #expect(Set(video.ssrcAttributes.map(\.ssrc)) == Set(group.ssrcs))
        #expect(video.ssrcAttributes.filter { $0.name == "cname" }.count == 2)
    }

    @Test func gathersSimulcastForms() throws {
        let attributes = try list(
            "rid:a send", "rid:b send pt=96;max-width=640", "rid:c recv", "rid:d send", "rid",
            "simulcast:recv c send a;~b,d;x;a;;")
        #expect(attributes.sentRids == [Rid("a"), Rid("b")])
        #expect(attributes.receivedRids == [Rid("c")])
        #expect(try list("rid:a send").sentRids == [])
        #expect(try list("rid:a send", "simulcast:send").sentRids == [])
    }

    @Test func gathersFeedbackForAll() throws {
        let attributes = try list(
            "rtcp-fb:* nack", "rtcp-fb:111 transport-cc", "rtcp-fb:112 ccm fir", "rtcp-fb:111 nack sli")
        #expect(attributes.feedback(for: PayloadType(111)) == [.nack, .transportCC])
    }

    @Test func passesOverMalformedValues() throws {
        let attributes = try list(
            "rtpmap:128 VP8/90000", "rtpmap:96 VP8", "rtpmap:96 VP8/0", "rtpmap:96 VP8/90000/0", "rtpmap:96",
            "rtpmap:x y/1",
            "fmtp:96", "fmtp:200 a=b", "extmap:0 urn:a", "extmap:1", "extmap:x urn:a", "extmap:1/up urn:a",
            "extmap:70000 urn:a", "ssrc:1", "ssrc:4294967296 cname:x", "ssrc:x cname:y", "ssrc-group:FID",
            "ssrc-group:FID 1 x", "candidate:garbage", "fingerprint:sha-256 AB", "fingerprint:sha-256",
            "fingerprint:sha-256 \(String(repeating: "ZZ:", count: 31))ZZ", "sctp-port:70000", "msid")
        #expect(attributes.rtpMaps.map(\.encodingName) == ["opus"])
        #expect(attributes.formatParameters.isEmpty)
        #expect(attributes.extensionMappings.isEmpty)
        #expect(attributes.ssrcAttributes.isEmpty)
        #expect(attributes.ssrcGroups.isEmpty)
        #expect(attributes.candidates.isEmpty)
        #expect(attributes.fingerprints.count == 1)
        #expect(attributes.sctpPort == nil)
        #expect(attributes.mediaStreamIDs.isEmpty)
    }
}
