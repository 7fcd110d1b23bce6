import ICE
import PayloadFormats
import ProtocolCore
import RTP
import SDP
import Testing

@Suite struct AnswererTests {
    /// The lines of a client built with our library: microphone, camera, screen, then slots.
    static let libraryPurposes: [Mid: LinePurpose] = {
        var purposes: [Mid: LinePurpose] = [
            Mid("0"): .microphone, Mid("1"): .camera, Mid("2"): .screen, Mid("15"): .screenSlot,
        ]
        (3...5).forEach { purposes[Mid("\($0)")] = .audioSlot }
        (6...14).forEach { purposes[Mid("\($0)")] = .videoSlot }
        return purposes
    }()

    @Test func answersACameraWithH264First() throws {
        let offer = try Offers.offer("chromium-camera-microphone")
        let (answer, session) = try negotiate(offer)
        let camera = try #require(session.line(Mid("1")))
        #expect(camera.kind == .video)
        #expect(camera.purposes == [.camera])
        #expect(camera.direction == .recvonly)
        #expect(camera.slot == nil)
        #expect(camera.rejection == nil)
        let publish = try #require(camera.publish)
        #expect(publish.codecs.map(\.codec) == [.h264, .h264, .h264, .vp8])
        let first = publish.codecs[0]
        #expect(first.payloadType == PayloadType(108))
        #expect(first.rtxPayloadType == PayloadType(109))
        #expect(first.h264?.description == "42e01f")
        #expect(first.packetizationMode == 1)
        #expect(first.clockRate == 90_000)
        #expect(first.feedback == [.nack, .pli, .fir, .transportCC, .remb])
        #expect(publish.codecs.map(\.h264?.profile) == [.constrainedBaseline, .baseline, .main, nil])
        #expect(publish.streams.count == 1)
        #expect(publish.streams[0].ssrc == SSRC(2_033_395_918))
        #expect(publish.streams[0].rtxSSRC == SSRC(1_042_570_269))
        #expect(publish.cname == "6XSUy0mQiWS5Dsnq")
        #expect(publish.rids == [])

        let microphone = try #require(session.line(Mid("0"))?.publish)
        #expect(microphone.codecs.map(\.codec) == [.opus])
        #expect(microphone.codecs[0].channels == 2)
        #expect(microphone.codecs[0].clockRate == 48_000)
        #expect(microphone.codecs[0].feedback == [.transportCC])
        #expect(microphone.streams == [PublishedStream(ssrc: SSRC(4_227_479_374), rtxSSRC: nil)])

        #expect(session.ourDTLSRole == .server)
        #expect(session.bundle == [Mid("0"), Mid("1")])
        #expect(session.remoteFingerprints.map(\.algorithm) == ["sha-256"])
        #expect(answer.media[1].formats == ["108", "109", "102", "103", "116", "117", "96", "97"])
    }

    @Test func writesWhatAnAnswerNeeds() throws {
        let (answer, _) = try negotiate(try Offers.offer("chromium-camera-microphone"))
        #expect(answer.origin.sessionID == "77")
        #expect(answer.origin.sessionVersion == "3")
        #expect(answer.attributes.isICELite)
        #expect(answer.attributes.bundles == [[Mid("0"), Mid("1")]])
        #expect(answer.attributes.allowsMixedExtensions)
        for media in answer.media {
            #expect(media.port == 40000)
            #expect(media.connection?.address == "203.0.113.5")
            #expect(media.attributes.iceCredentials?.ufrag == "serverUfrag")
            #expect(media.attributes.fingerprints.first?.digest == Array(repeating: 0xab, count: 32))
            #expect(media.attributes.setup == .passive)
            #expect(media.attributes.hasRTCPMux)
            #expect(media.attributes.hasReducedSizeRTCP)
            #expect(media.attributes.direction == .recvonly)
        }
        #expect(answer.media[0].attributes.candidates.count == 2)
        #expect(answer.media[0].attributes.contains("end-of-candidates"))
        #expect(answer.media[1].attributes.candidates.isEmpty)
        #expect(answer.media[0].attributes.values("fmtp") == ["111 minptime=10;useinbandfec=1;usedtx=1", "63 111/111"])
        #expect(
            answer.media[1].attributes.values("fmtp").first
                == "108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e028")
        #expect(answer.media[0].attributes.rtpMaps.map(\.encodingName) == ["opus", "red"])
    }

    @Test(arguments: Offers.names)
    func writesAnswersThatReadBack(name: String) throws {
        let offer = try Offers.offer(name)
        let (answer, session) = try negotiate(offer)
        #expect(try SessionDescription(parsing: answer.description) == answer)
        #expect(answer.media.count == offer.media.count)
        #expect(answer.media.map(\.kind) == offer.media.map(\.kind))
        #expect(answer.media.map(\.attributes.mid) == offer.media.map(\.attributes.mid))
        for (asked, given) in zip(offer.media, answer.media) where given.port != 0 {
            // Nothing may be in the answer that was not offered.
            #expect(Set(given.formats).isSubset(of: asked.formats))
            #expect(Set(given.attributes.values("extmap")).isSubset(of: asked.attributes.values("extmap")))
            #expect(!given.attributes.direction.sends || asked.attributes.direction.receives)
            #expect(!given.attributes.direction.receives || asked.attributes.direction.sends)
            for format in given.formats where given.kind != "application" {
                let payloadType = PayloadType(try #require(UInt8(format)))
                #expect(
                    given.attributes.feedback(for: payloadType)
                        .isSubset(of: asked.attributes.feedback(for: payloadType)))
            }
        }
        #expect(session.bundle == answer.media.filter { $0.port != 0 }.compactMap(\.attributes.mid))
    }

    @Test func givesEverySlotItsOwnStreams() throws {
        let offer = try Offers.offer("chromium-slots")
        let (answer, session) = try negotiate(offer, .test(purposes: Self.libraryPurposes))
        #expect(session.rejections == [])
        #expect(session.lines.compactMap(\.publish).map(\.purpose) == [.microphone, .camera, .screen])
        let slots = session.lines.compactMap(\.slot)
        #expect(slots.count == 13)
        #expect(
            slots.map(\.purpose) == Array(repeating: .audioSlot, count: 3) + Array(repeating: .videoSlot, count: 9) + [
                .screenSlot
            ])
        let ssrcs = slots.flatMap { [$0.ssrc] + ($0.rtxSSRC.map { [$0] } ?? []) }
        #expect(ssrcs.count == 3 + 2 * 10)
        #expect(Set(ssrcs).count == ssrcs.count)
        #expect(Set(slots.map(\.streamID)).count == 13)
        let written = answer.media[6].attributes
        let slot = try #require(session.line(Mid("6"))?.slot)
        #expect(written.direction == .sendonly)
        #expect(written.mediaStreamIDs.first?.stream == slot.streamID)
        #expect(written.mediaStreamIDs.first?.track == slot.trackID)
        #expect(written.ssrcGroups.first?.ssrcs == [slot.ssrc, try #require(slot.rtxSSRC)])
        #expect(written.ssrcAttributes.filter { $0.name == "cname" }.map(\.value) == ["switchboard", "switchboard"])
        #expect(slot.codecs.map(\.codec) == [.h264, .h264, .h264, .vp8])
        let audio = answer.media[3].attributes
        #expect(audio.ssrcGroups.isEmpty)
        #expect(audio.ssrcAttributes.count == 2)
    }

    @Test func keepsTheStreamsOfASlotOverRenegotiation() throws {
        let offer = try Offers.offer("firefox-camera-microphone-slots")
        let (_, first) = try negotiate(offer)
        // Everything off, then on again: the source of SSRCs now starts elsewhere.
        var quiet = offer
        for index in quiet.media.indices {
            quiet.media[index].attributes = AttributeList(
                offer.media[index].attributes.map {
                    MediaDirection(rawValue: $0.name) == nil ? $0 : SDPAttribute("inactive")
                })
        }
        let (quietAnswer, second) = try Answerer.answer(quiet, parameters: .test(), previous: first) { SSRC(5) }
        #expect(quietAnswer.media.allSatisfy { $0.port != 0 && $0.attributes.direction == .inactive })
        #expect(second.lines.allSatisfy { $0.publish == nil && $0.slot == nil })
        #expect(second.slotStreams == first.slotStreams)
        let (_, third) = try Answerer.answer(offer, parameters: .test(), previous: second) { SSRC(5) }
        #expect(third.lines.compactMap(\.slot) == first.lines.compactMap(\.slot))
        #expect(third.lines.compactMap(\.slot).count == 5)
    }

    @Test func avoidsSSRCsThatAreTaken() throws {
        let offer = try Offers.offer("chromium-plain")
        let theirs = offer.media[1].attributes.ssrcAttributes[0].ssrc
        let (_, session) = try Answerer.answer(offer, parameters: .test(), previous: nil) { theirs }
        let ours = session.slotStreams.values.flatMap { [$0.ssrc, $0.rtxSSRC] }
        #expect(ours.count == 4)
        #expect(Set(ours).count == 4)
        #expect(!ours.contains(theirs))
    }

    @Test func acceptsSimulcast() throws {
        let (answer, session) = try negotiate(try Offers.offer("chromium-simulcast"))
        let line = try #require(session.line(Mid("1")))
        #expect(line.publish?.rids == [Rid("q"), Rid("h"), Rid("f")])
        #expect(line.publish?.streams == [])
        #expect(line.extensions.id(for: .rid) == 10)
        #expect(line.extensions.id(for: .repairedRid) == 11)
        #expect(line.extensions.id(for: .mid) == 4)
        #expect(line.extensions.id(for: .dependencyDescriptor) == 12)
        #expect(line.extensions.id(for: .transportSequence) == 3)
        #expect(line.extensions.id(for: .absoluteSendTime) == 2)
        #expect(line.extensions.id(for: .videoOrientation) == 13)
        #expect(line.extensions.id(for: .playoutDelay) == nil)
        #expect(session.line(Mid("0"))?.extensions.id(for: .audioLevel) == 1)
        let written = answer.media[1].attributes
        #expect(written.receivedRids == [Rid("q"), Rid("h"), Rid("f")])
        #expect(written.value("simulcast") == "recv q;h;f")
        #expect(written.values("rid") == ["q recv", "h recv", "f recv"])
        #expect(written.extensionMappings.count == 7)

        var two = AnswerParameters.test()
        two.maximumSimulcastLayers = 2
        #expect(
            try negotiate(Offers.offer("chromium-simulcast"), two).session.line(Mid("1"))?.publish?.rids == [
                Rid("q"), Rid("h"),
            ])
        // Without the extension nobody could tell the layers apart.
        let bare = try Offers.offer("chromium-simulcast", replacing: "sdes:rtp-stream-id", with: "sdes:other")
        #expect(try negotiate(bare).session.line(Mid("1"))?.publish?.rids == [])
    }

    @Test func usesTheLinesOfAPlainClientBothWays() throws {
        let (answer, session) = try negotiate(try Offers.offer("chromium-plain"))
        #expect(session.lines.map(\.purposes) == [[.microphone, .audioSlot], [.camera, .videoSlot]])
        #expect(session.lines.map(\.direction) == [.sendrecv, .sendrecv])
        #expect(session.lines.allSatisfy { $0.publish != nil && $0.slot != nil })
        // H.264 goes first although the browser lists VP8 first.
        #expect(session.lines[1].codecs.first?.codec == .h264)
        #expect(answer.media[2].port != 0)
        #expect(answer.media[2].kind == "application")
        #expect(answer.media[2].attributes.sctpPort == 5000)
        #expect(answer.media[2].attributes.maximumMessageSize == 65_536)
        #expect(answer.media[2].attributes.setup == answer.media[0].attributes.setup)
        #expect(answer.attributes.bundles == [[Mid("0"), Mid("1"), Mid("2")]])
        #expect(session.rejections.isEmpty)
        #expect(session.data?.mid == Mid("2"))
        #expect(session.data?.remotePort == 5000)
        #expect(session.data?.remoteMaximumMessageSize == 262_144)
    }

    @Test func followsTheOffersOrderOnRequest() throws {
        var parameters = AnswerParameters.test()
        parameters.preferOffererOrder = true
        let vp8First = try negotiate(try Offers.offer("chromium-plain"), parameters).session
        #expect(vp8First.lines[1].codecs.map(\.codec) == [.vp8, .h264, .h264, .h264])
        let h264First = try negotiate(try Offers.offer("chromium-camera-microphone"), parameters).session
        #expect(h264First.lines[1].codecs.first?.payloadType == PayloadType(108))
    }

    @Test func answersFirefoxWithVP8() throws {
        let (answer, session) = try negotiate(try Offers.offer("firefox-camera-microphone-slots"))
        #expect(
            session.lines.map(\.purposes) == [
                [.microphone], [.camera], [.audioSlot], [.audioSlot], [.audioSlot], [.videoSlot], [.videoSlot],
            ])
        let camera = try #require(session.line(Mid("1"))?.publish)
        #expect(camera.codecs.map(\.codec) == [.vp8])
        #expect(camera.codecs[0].rtxPayloadType == PayloadType(124))
        #expect(camera.codecs[0].h264 == nil)
        #expect(camera.streams == [PublishedStream(ssrc: SSRC(1_030_100_409), rtxSSRC: SSRC(335_097_375))])
        // The slots are bundle-only, with port 0 in the offer; that does not reject them.
        #expect(answer.media.allSatisfy { $0.port == 40000 })
        // A fingerprint for the whole session counts for every line.
        #expect(session.remoteFingerprints.count == 1)
    }

    @Test func answersAiortc() throws {
        let (_, session) = try negotiate(try Offers.offer("aiortc-plain"))
        #expect(session.lines[1].codecs.map(\.payloadType.rawValue) == [101, 99, 97])
        #expect(session.lines[1].codecs[0].feedback == [.nack, .pli, .remb])
        #expect(session.remoteFingerprints.map(\.algorithm) == ["sha-256", "sha-384", "sha-512"])
        #expect(session.remoteICE.ufrag == "AAsO")
    }

    @Test func pairsStreamsOfSimulcastBySSRC() throws {
        let session = try negotiate(try SessionDescription(parsing: Offers.dense)).session
        let publish = try #require(session.line(Mid("1"))?.publish)
        #expect(publish.streams == [PublishedStream(ssrc: SSRC(1), rtxSSRC: SSRC(3)), PublishedStream(ssrc: SSRC(2))])
        #expect(publish.rids == [Rid("q"), Rid("h")])
        #expect(publish.codecs.map(\.payloadType.rawValue) == [98, 96])
        #expect(publish.codecs.map(\.feedback) == [[.pli], [.pli, .fir]])
    }

    /// Profiles of level 5.2 only: the level must not make a codec unusable.
    @Test func takesHighLevels() throws {
        let (answer, session) = try negotiate(try Offers.offer("handwritten-safari"))
        let codecs = session.lines[1].codecs
        #expect(codecs.map(\.payloadType.rawValue) == [98, 96])
        #expect(codecs.map(\.h264?.profile) == [.constrainedBaseline, .constrainedHigh])
        #expect(codecs.map(\.h264?.level) == [H264Level(number: 52), H264Level(number: 52)])
        #expect(codecs.map(\.rtxPayloadType) == [PayloadType(99), PayloadType(97)])
        #expect(
            answer.media[1].attributes.values("fmtp").contains(
                "98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e034"))
    }
}
