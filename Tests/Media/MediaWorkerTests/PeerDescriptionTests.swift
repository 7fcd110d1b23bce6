import ICE
import MediaWorker
import ProtocolCore
import RTP
import SDP
import Testing

@Suite("What a worker is told of a peer")
struct PeerDescriptionTests {
    /// The camera as it was negotiated with a client that announces the SSRCs of all its streams.
    private func camera(rids: [String]) -> PeerDescription.Publication? {
        let codec = NegotiatedCodec(
            codec: .vp8, payloadType: PayloadType(120), rtxPayloadType: PayloadType(124), clockRate: 90_000,
            channels: 1,
            h264: nil, packetizationMode: 0, feedback: [.nack, .pli])
        let streams = [1, 2, 3].map { PublishedStream(ssrc: SSRC($0), rtxSSRC: SSRC($0 + 100)) }
        let line = NegotiatedLine(
            mid: Mid("1"), kind: .video, purposes: [.camera], direction: .recvonly, codecs: [codec],
            publish: PublishedLine(
                purpose: .camera, codecs: [codec], streams: streams, rids: rids.map { Rid($0) }, cname: nil),
            slot: nil, extensions: HeaderExtensionMap(), rejection: nil)
        let credentials = ICECredentials(ufrag: "abcd", password: "0123456789abcdef012345")
        let session = NegotiatedSession(
            remoteICE: credentials, remoteFingerprints: [], ourDTLSRole: .server, bundle: [line.mid], lines: [line],
            rejections: [], slotStreams: [:])
        return PeerDescription(session, local: credentials).publications.first
    }

    @Test("Firefox announces the SSRCs of its layers, yet only the rid of a packet says which layer it is of")
    func announcedLayers() throws {
        let camera = try #require(self.camera(rids: ["q", "h", "f"]))
        #expect(camera.rids.count == 3)
        #expect(camera.streams.isEmpty)
    }

    @Test("Without layers the announced SSRCs are the streams")
    func announcedStreams() throws {
        let camera = try #require(self.camera(rids: []))
        #expect(camera.streams.map(\.ssrc) == [SSRC(1), SSRC(2), SSRC(3)])
    }
}
