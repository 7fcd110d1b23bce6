import ICE
import ProtocolCore
import RTP
import SDP
import Testing

/// What the answerer refuses, and how it says so.
@Suite struct AnswererRefusalTests {
    @Test func answersTheMinimalOffer() throws {
        let (answer, session) = try negotiate(try SessionDescription(parsing: Offers.minimal))
        #expect(session.lines.map(\.direction) == [.recvonly])
        #expect(answer.media[0].port == 40000)
        #expect(!answer.attributes.allowsMixedExtensions)
        #expect(!answer.media[0].attributes.hasReducedSizeRTCP)
    }

    @Test func namesWhatIsMissing() throws {
        #expect(try failure(replacing: "a=ice-ufrag:cAhd\n", with: "")?.reason == .missingICECredentials)
        #expect(try failure(replacing: "a=ice-ufrag:cAhd", with: "a=ice-ufrag:c")?.reason == .missingICECredentials)
        #expect(
            try failure(replacing: "a=ice-pwd:ENdIHAA1ZaGEMLUx3zAmIDMc", with: "a=ice-pwd:short")?.reason
                == .missingICECredentials)
        #expect(
            try failure(replacing: "a=fingerprint:sha-256", with: "a=fingerprint:sha-1")?.reason == .missingFingerprint)
        #expect(try failure(replacing: ":59:44:", with: ":")?.reason == .missingFingerprint)
        #expect(try failure(replacing: "a=setup:actpass", with: "a=setup:holdconn")?.reason == .unsupportedSetup)
        #expect(try failure(replacing: "a=setup:actpass", with: "a=setup:both")?.reason == .unsupportedSetup)
        #expect(try failure(replacing: "opus/48000/2", with: "PCMU/8000")?.reason == .noUsableMedia)
    }

    /// What is wrong with the only line is said of the line, and said again in the sentence about the offer.
    @Test func namesTheLineThatLeavesNothing() throws {
        let error = try #require(try failure(replacing: "a=rtcp-mux\n", with: ""))
        #expect(error.reason == .noUsableMedia)
        #expect(error.mid == Mid("0"))
        #expect(error.rejections.map(\.reason) == [.missingRTCPMux])
        #expect(error.rejections.map(\.index) == [0])
        #expect(error.message == "The offer has no m-line that can be used. m-line 0 has no a=rtcp-mux.")
        #expect(error.description == error.message)
        let tooLong = try failure(replacing: "a=mid:0", with: "a=mid:\(String(repeating: "x", count: 65))")
        #expect(tooLong?.rejections.map(\.reason) == [.unusableMid])
        let many = try SessionDescription(
            parsing: Offers.minimal.replacing("a=rtcp-mux\n", with: "")
                + String(repeating: "m=text 9 UDP/TLS/RTP/SAVPF 98\n", count: 100))
        do throws(NegotiationError) {
            _ = try negotiate(many)
            Issue.record("nothing could be used")
        } catch {
            #expect(error.rejections.count == 101)
            #expect(error.message.hasSuffix("supported. …"))
        }
    }

    @Test func takesOneTransport() throws {
        #expect(try failure(replacing: "a=group:BUNDLE 0\n", with: "") == nil)
        for group in ["a=group:BUNDLE 0\r\n", ""] {
            let unbundled = try Offers.offer(
                "chromium-camera-microphone", replacing: "a=group:BUNDLE 0 1\r\n", with: group)
            let (answer, session) = try negotiate(unbundled)
            #expect(session.rejections.map(\.reason) == [.notBundled])
            #expect(session.rejections.map(\.mid) == [Mid("1")])
            #expect(answer.media.map { $0.port == 0 } == [false, true])
            #expect(answer.attributes.bundles == (group.isEmpty ? [] : [[Mid("0")]]))
        }
        // What is rejected anyway need not be in the group, and takes no place from those that are.
        let partly = try Offers.offer("chromium-plain", replacing: "BUNDLE 0 1 2", with: "BUNDLE 0 1")
        #expect(try negotiate(partly).session.rejections.map(\.reason) == [.notBundled])
        let outside = try Offers.offer("chromium-plain", replacing: "BUNDLE 0 1 2", with: "BUNDLE 1 2")
        #expect(try negotiate(outside).session.bundle == [Mid("1"), Mid("2")])
        let rejected = try SessionDescription(
            parsing: partly.description.replacing("UDP/DTLS/SCTP", with: "UDP/TLS/SCTP"))
        #expect(try negotiate(rejected).session.bundle == [Mid("0"), Mid("1")])
    }

    @Test func refusesTheSecondLineOfOneName() throws {
        let offer = try Offers.offer("chromium-camera-microphone", replacing: "a=mid:1", with: "a=mid:0")
        let (answer, session) = try negotiate(offer)
        #expect(session.rejections.map(\.reason) == [.unusableMid])
        #expect(session.rejections.map(\.index) == [1])
        #expect(session.rejections[0].message == "m-line number 2 (video) repeats the mid 0 of a line before.")
        #expect(answer.media.map { $0.port == 0 } == [false, true])
        #expect(answer.media.map(\.attributes.mid) == [Mid("0"), Mid("0")])
    }

    /// Of two meanings of one id the first holds; the other line does without.
    @Test func leavesOutContradictingExtensions() throws {
        let offer = try Offers.offer(
            "chromium-camera-microphone", replacing: "a=extmap:13 urn:3gpp:video-orientation",
            with: "a=extmap:1 urn:3gpp:video-orientation")
        let (answer, session) = try negotiate(offer)
        #expect(session.rejections.isEmpty)
        #expect(session.line(Mid("0"))?.extensions.id(for: .audioLevel) == 1)
        #expect(session.line(Mid("1"))?.extensions.id(for: .videoOrientation) == nil)
        #expect(!answer.media[1].attributes.extensionMappings.contains { $0.id == 1 })
    }

    @Test func refusesAPurposeOfTheOtherKind() throws {
        let offer = try Offers.offer("chromium-camera-microphone")
        let session = try negotiate(offer, .test(purposes: [Mid("0"): .camera])).session
        #expect(session.rejections.map(\.reason) == [.purposeMismatch])
        #expect(session.rejections[0].message == "m-line 0 is audio and cannot be a camera.")
        #expect(session.bundle == [Mid("1")])
    }

    /// Names are kept for the lines of the offer, however many a client makes up.
    @Test func forgetsTheStreamsOfLinesThatAreGone() throws {
        var session: NegotiatedSession?
        for round in 0..<200 {
            let text = Offers.minimal.replacing("a=mid:0", with: "a=mid:m\(round)")
                .replacing("BUNDLE 0", with: "BUNDLE m\(round)").replacing("a=sendonly", with: "a=recvonly")
            session = try negotiate(try SessionDescription(parsing: text), previous: session).session
        }
        #expect(try #require(session).slotStreams.count <= SessionDescription.Limit.mediaLines + 1)
    }

    @Test func rejectsSingleLines() throws {
        let offer = try Offers.offer("chromium-camera-microphone", replacing: " H264/90000", with: " H266/90000")
        let withoutVP8 = try SessionDescription(parsing: offer.description.replacing(" VP8/90000", with: " VP7/90000"))
        let (answer, session) = try negotiate(withoutVP8)
        #expect(answer.media[1].port == 0)
        #expect(answer.attributes.bundles == [[Mid("0")]])
        let line = try #require(session.line(Mid("1")))
        #expect(!line.isAccepted)
        #expect(line.rejection?.reason == .noCommonCodec)
        #expect(line.rejection?.message == "m-line 1 offers neither H.264 nor VP8.")
        #expect(session.rejections == [line.rejection])

        let data = try Offers.offer(
            "chromium-plain", replacing: "m=video 54296 UDP/TLS/RTP/SAVPF", with: "m=video 54296 RTP/SAVPG")
        #expect(try negotiate(data).session.rejections.map(\.reason) == [.unsupportedTransport])
        for (found, replacement) in [("UDP/DTLS/SCTP", "DTLS/SCTP"), ("a=sctp-port:5000", "a=sctpmap:5000")] {
            let old = try negotiate(try Offers.offer("chromium-plain", replacing: found, with: replacement))
            #expect(old.session.rejections.map(\.reason) == [.unsupportedTransport])
            #expect(old.session.data == nil)
            #expect(old.answer.media[2].port == 0)
        }
    }

    /// The first line of the group may be the one that is rejected; the next one then describes the transport.
    @Test func goesOnWithoutTheFirstLine() throws {
        let offer = try Offers.offer("chromium-camera-microphone", replacing: "opus/48000/2", with: "speex/48000/2")
        let (answer, session) = try negotiate(offer)
        #expect(session.bundle == [Mid("1")])
        #expect(answer.media[0].port == 0)
        #expect(answer.media[1].attributes.candidates.count == 2)
        #expect(session.remoteICE.ufrag == "0Ie8")
    }

    @Test func leavesRemovedLinesAlone() throws {
        let text = Offers.minimal + "m=video 0 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\n"
        let (answer, session) = try negotiate(try SessionDescription(parsing: text))
        #expect(answer.media[1].port == 0)
        #expect(session.lines.count == 1)
        let named = try negotiate(try SessionDescription(parsing: text + "a=mid:5\n")).session
        #expect(named.line(Mid("5"))?.rejection?.reason == .removed)
    }

    @Test func holdsTheLimits() throws {
        var parameters = AnswerParameters.test(purposes: AnswererTests.libraryPurposes)
        parameters.limits.videoSlots = 7
        parameters.limits.audioSlots = 2
        let (answer, session) = try negotiate(try Offers.offer("chromium-slots"), parameters)
        #expect(session.rejections.map(\.mid) == [Mid("5"), Mid("13"), Mid("14")])
        #expect(session.rejections.allSatisfy { $0.reason == .overLimit })
        #expect(session.rejections[1].message == "m-line 13 is one videoSlot too many: at most 7 may be in use.")
        for index in [5, 13, 14] {
            #expect(answer.media[index].port != 0)
            #expect(answer.media[index].attributes.direction == .inactive)
        }
        #expect(session.lines.compactMap(\.slot).count == 10)
        #expect(session.line(Mid("15"))?.slot?.purpose == .screenSlot)

        // Of a line that wants both, what fits is given.
        var noCameras = AnswerParameters.test()
        noCameras.limits.cameras = 0
        let line = try #require(try negotiate(try Offers.offer("chromium-plain"), noCameras).session.line(Mid("1")))
        #expect(line.direction == .sendonly)
        #expect(line.rejection?.reason == .overLimit)
    }

    @Test func takesOnlyThePurposeOfALine() throws {
        let parameters = AnswerParameters.test(purposes: [Mid("0"): .audioSlot, Mid("1"): .screen])
        let session = try negotiate(try Offers.offer("chromium-plain"), parameters).session
        #expect(session.lines.map(\.direction) == [.sendonly, .recvonly])
        #expect(session.lines[1].publish?.purpose == .screen)
        // A slot on a line that only sends stays quiet without being an error.
        let quiet = try negotiate(try Offers.offer("chromium-camera-microphone"), parameters).session
        #expect(quiet.line(Mid("0"))?.direction == .inactive)
        #expect(quiet.line(Mid("0"))?.purposes == [.audioSlot])
        #expect(quiet.rejections == [])
    }
}

/// Roles and restarts of the transport.
@Suite struct AnswererTransportTests {
    func session(setup: String, previous: NegotiatedSession? = nil) throws -> NegotiatedSession {
        let text = Offers.minimal.replacing("a=setup:actpass", with: setup)
        return try negotiate(try SessionDescription(parsing: text), previous: previous).session
    }

    @Test func choosesTheDTLSRole() throws {
        #expect(try session(setup: "a=setup:actpass").ourDTLSRole == .server)
        #expect(try session(setup: "a=setup:active").ourDTLSRole == .server)
        #expect(try session(setup: "a=x").ourDTLSRole == .server)
        let client = try session(setup: "a=setup:passive")
        #expect(client.ourDTLSRole == .client)
        // A browser offers actpass again in the middle of an association, which must not turn round.
        #expect(try session(setup: "a=setup:actpass", previous: client).ourDTLSRole == .client)
        var other = client
        other.remoteFingerprints = [
            CertificateFingerprint(algorithm: "sha-256", digest: Array(repeating: 1, count: 32))
        ]
        #expect(try session(setup: "a=setup:actpass", previous: other).ourDTLSRole == .server)
    }

    @Test func writesTheRole() throws {
        let text = Offers.minimal.replacing("a=setup:actpass", with: "a=setup:passive")
        let (answer, _) = try negotiate(try SessionDescription(parsing: text))
        #expect(answer.media[0].attributes.setup == .active)
    }

    @Test(arguments: Offers.names)
    func noticesAnICERestart(name: String) throws {
        let offer = try Offers.offer(name)
        let session = try negotiate(offer).session
        #expect(!Answerer.isICERestart(offer, after: session))
        let restarted = try SessionDescription(
            parsing: try Offers.text(name).replacing(session.remoteICE.ufrag, with: "newUfrag"))
        #expect(Answerer.isICERestart(restarted, after: session))
        #expect(try negotiate(restarted, previous: session).session.remoteICE.ufrag == "newUfrag")
    }
}
