import Calling
import HTTPTypes
import HummingbirdTesting
import MediaVocabulary
import SDP
import Testing

@testable import WHIP

@Suite struct RefusalTests {
    @Test(arguments: [
        (nil, "unauthorized"), ("Basic abc", "unauthorized"), ("Bearer bad", "unauthorized"),
        ("Bearer good:streamer:chat", "missingScope"),
    ])
    func tokens(_ authorization: String?, _ problem: String) async throws {
        try await StreamStage().withClient { client in
            let refused = try await client.post(.whip, Offers.publisher, authorization: authorization)
            #expect(refused.problem == problem)
            #expect(refused.status == (problem == "missingScope" ? .forbidden : .unauthorized))
            #expect(refused.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
        }
    }

    @Test func problemsSayWhatAndWhere() async throws {
        try await StreamStage().withClient { client in
            let refused = try await client.post(.whip, "v=0\r\nnonsense\r\n")
            #expect(refused.status == .badRequest)
            let form = /\{"detail":"(.+)","instance":"(.+)","status":400,"title":"(.+)","type":"(.+)"\}/
            let members = try #require(refused.text.wholeMatch(of: form))
            #expect(members.1.contains("line 2"))
            #expect(members.2 == "/switchboard/v1/whip/\(StreamStage.group)")
            #expect(members.4 == "urn:switchboard:problem:malformedOffer")
        }
    }

    @Test(arguments: [
        Offers.session(Offers.line("audio", mid: "0", "recvonly")),
        Offers.session(Offers.line("video", mid: "0", "sendonly"), Offers.line("video", mid: "1", "sendonly")),
        Offers.session(),
    ])
    func offersThatPublishNothingOrTooMuch(_ offer: String) async throws {
        let stage = StreamStage()
        try await stage.withClient { client async throws in
            #expect(try await client.post(.whip, offer).problem == "unusableOffer")
            #expect(await stage.directory.counts.calls == 0)
        }
    }

    @Test func anOfferThatReceivesNothingIsNoViewer() async throws {
        try await StreamStage().withClient { client async throws in
            #expect(try await client.post(.whep, Offers.publisher).problem == "unusableOffer")
        }
    }

    /// RFC 9725 §4.4.3: a session without its sound would look like a whole one.
    @Test func aLineThatCannotBeUsedRefusesTheSession() async throws {
        let stage = StreamStage()
        let offer = Offers.session(
            Offers.line("audio", mid: "0", "sendonly", 8, "PCMA/8000"), Offers.line("video", mid: "1", "sendonly"))
        try await stage.withClient { client async throws in
            let refused = try await client.post(.whip, offer)
            #expect(refused.problem == "unusableOffer")
            #expect(refused.status == .unprocessableContent)
            let line = #"{"detail":"m-line 0 offers no Opus.","mid":"0","reason":"noCommonCodec"}"#
            #expect(refused.text.contains("\"lines\":[\(line)]"))
            #expect(refused.text.contains("partial=true"))
            #expect(await stage.directory.counts.calls == 0)
            #expect(try await client.post(.whip, offer, query: "?partial=false").problem == "unusableOffer")
            #expect(try await client.post(.whip, offer, query: "?partial=maybe").problem == "malformedParameter")
            #expect(try await client.post(.whip, offer, query: "?partial=true").status == .created)
        }
    }

    /// What the client does not want itself is no loss to it.
    @Test(arguments: ["inactive", "recvonly"])
    func aLineThatIsNotUsedRefusesNothing(_ direction: String) async throws {
        try await StreamStage().withClient { client async throws in
            let offer = Offers.session(
                Offers.line("audio", mid: "0", direction, 8, "PCMA/8000"), Offers.line("video", mid: "1", "sendonly"))
            #expect(try await client.post(.whip, offer).status == .created)
            let removed = Offers.publisher.replacing("m=audio 9", with: "m=audio 0")
            #expect(try await client.post(.whip, removed).status == .created)
        }
    }

    @Test(arguments: ["OPUS/48000", "opus/48000/1", "OPUS/48000/2"])
    func opusIsTakenHoweverItIsWritten(_ name: String) async throws {
        try await StreamStage().withClient { client async throws in
            let offer = Offers.session(
                Offers.line("audio", mid: "0", "sendonly", 97, name), Offers.line("video", mid: "1", "sendonly"))
            #expect(try await client.post(.whip, offer).status == .created)
        }
    }

    /// Other lines that cannot be used: outside of the group, of another kind, RTCP on another port, too many.
    @Test func everyUnusableLineIsNamed() async throws {
        let lines = Offers.publisher
        let viewer = Offers.session(
            (0..<4).map { Offers.line("audio", mid: "\($0)", "recvonly") }.joined()
        ).replacing("BUNDLE 0 1", with: "BUNDLE 0 1 2 3")
        let cases: [(StreamDirection, String, String)] = [
            (.whip, lines.replacing("BUNDLE 0 1", with: "BUNDLE 0"), "notBundled"),
            (.whip, lines.replacing("a=rtcp-mux\r\n", with: ""), "missingRTCPMux"),
            (.whip, lines + "m=text 9 UDP/TLS/RTP/SAVPF 98\r\na=mid:2\r\n", "unsupportedMedia"),
            (.whip, lines.replacing("a=mid:1", with: "a=mid:0"), "unusableMid"),
            (.whep, viewer, "overLimit"),
            (.whep, Offers.viewer.replacing("packetization-mode=1", with: "x=1"), "noCommonCodec"),
        ]
        try await StreamStage().withClient { client async throws in
            for (direction, offer, reason) in cases {
                let refused = try await client.post(direction, offer)
                #expect(refused.problem == "unusableOffer", "\(reason)")
                #expect(refused.text.contains("\"reason\":\"\(reason)\""), "\(refused.text)")
            }
        }
    }

    @Test func oneLineWithoutAMidIsTaken() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client async throws in
            let offer = Offers.session(Offers.line("audio", mid: "0", "sendonly"))
                .replacing("a=mid:0\r\n", with: "").replacing("a=group:BUNDLE 0 1\r\n", with: "")
            #expect(try await client.post(.whip, offer).status == .created)
            let entry = try #require(await stage.roster(of: "ada").first)
            #expect(await stage.plane.offers[entry.participant]?.first?.lines?.map(\.purpose) == [.microphone])
        }
    }

    @Test func whatTheMediaPlaneRefusesLeavesNothingBehind() async throws {
        let stage = StreamStage()
        await stage.plane.refuseOffers("m-line 0 has no a=rtcp-mux.")
        try await stage.withClient { client in
            let refused = try await client.post(.whip, Offers.publisher)
            #expect(refused.status == .unprocessableContent)
            #expect(refused.text.contains("m-line 0 has no a=rtcp-mux."))
            #expect(await stage.directory.counts.endpoints == 0)
            #expect(await stage.directory.counts.participants == 0)
        }
    }

    @Test func contentTypes() async throws {
        try await StreamStage().withClient { client in
            #expect(try await client.post(.whip, Offers.publisher, type: "text/plain").status == .unsupportedMediaType)
            #expect(try await client.post(.whip, Offers.publisher, type: nil).status == .unsupportedMediaType)
            for coding in ["gzip", "identity, br"] {
                let packed = try await client.post(.whip, Offers.publisher, headers: [.contentEncoding: coding])
                #expect(packed.status == .unsupportedMediaType)
            }
            let plain = try await client.post(.whip, Offers.publisher, headers: [.contentEncoding: "identity"])
            #expect(plain.status == .created)
            let refused = try await client.post(.whip, Offers.publisher, headers: [.accept: "text/html, image/*"])
            #expect(refused.problem == "notAcceptable")
            let taken = try await client.post(
                .whip, Offers.publisher, type: "Application/SDP; charset=utf-8",
                headers: [.accept: "text/html, application/*;q=0.8"])
            #expect(taken.status == .created)
        }
    }

    @Test func groupsAndNamesAreChecked() async throws {
        try await StreamStage().withClient { client in
            #expect(try await client.post(.whip, Offers.publisher, group: "studio").problem == "malformedGroupID")
            let long = String(repeating: "a", count: 257)
            let refused = try await client.post(.whip, Offers.publisher, query: "?displayName=\(long)")
            #expect(refused.problem == "malformedParameter")
        }
    }

    @Test func bodiesAreBounded() async throws {
        var limits = StreamLimits()
        limits.body = 64
        try await StreamStage(limits: limits).withClient { client async throws in
            #expect(try await client.post(.whip, Offers.publisher).status == .contentTooLarge)
        }
    }

    @Test func sessionsOfAUserAreBounded() async throws {
        var limits = StreamLimits()
        limits.sessionsPerUser = 2
        try await StreamStage(limits: limits).withClient { client in
            let first = try await client.post(.whip, Offers.publisher)
            #expect(try await client.post(.whep, Offers.viewer).status == .created)
            #expect(try await client.post(.whep, Offers.viewer).problem == "tooManySessions")
            let other = try await client.post(.whep, Offers.viewer, authorization: "Bearer good:other:voip")
            #expect(other.status == .created)
            #expect(try await client.delete(first).status == .ok)
            #expect(try await client.post(.whep, Offers.viewer).status == .created)
        }
    }

    @Test func refusedOffersDoNotCountAsSessions() async throws {
        var limits = StreamLimits()
        limits.sessionsPerUser = 1
        let stage = StreamStage(limits: limits, callLimits: .standard)
        await stage.plane.refuseOffers("No.")
        try await stage.withClient { client async throws in
            #expect(try await client.post(.whip, Offers.publisher).problem == "unusableOffer")
            #expect(try await client.post(.whip, Offers.publisher).problem == "unusableOffer")
        }
    }

    @Test func aFullCall() async throws {
        var limits = CallLimits.standard
        limits.participants = 1
        let stage = StreamStage(callLimits: limits)
        try await stage.join("ada")
        try await stage.withClient { client in
            let refused = try await client.post(.whip, Offers.publisher)
            #expect(refused.status == .forbidden)
            #expect(refused.problem == "callFull")
        }
    }

    @Test func aServerThatStops() async throws {
        let stage = StreamStage()
        await stage.directory.drain()
        try await stage.withClient { client in
            let refused = try await client.post(.whip, Offers.publisher)
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.problem == "serverClosing")
            #expect(refused.headers[.retryAfter] != nil)
        }
    }

    @Test func sessionsBelongToTheirUserAndDirection() async throws {
        try await StreamStage().withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let location = try #require(opened.headers[.location])
            #expect(try await client.delete(opened, authorization: "Bearer good:other:voip").status == .notFound)
            #expect(try await client.delete(opened, authorization: nil).status == .unauthorized)
            let elsewhere = location.replacing("/whip/", with: "/whep/")
            #expect(try await client.send(.delete, elsewhere).status == .notFound)
            #expect(try await client.delete(opened).status == .ok)
        }
    }

    @Test(arguments: [HTTPRequest.Method.get, .put, .patch, .delete])
    func methodsThatAreReservedAtEndpoints(_ method: HTTPRequest.Method) async throws {
        try await StreamStage().withClient { client in
            let refused = try await client.send(method, "/switchboard/v1/whep/\(StreamStage.group)")
            #expect(refused.status == .methodNotAllowed)
            #expect(refused.headers[.allow] == "OPTIONS, POST")
        }
    }

    @Test func methodsThatAreReservedAtSessions() async throws {
        try await StreamStage().withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let refused = try await client.send(.get, opened.headers[.location] ?? "")
            #expect(refused.status == .methodNotAllowed)
            #expect(refused.headers[.allow] == "DELETE, OPTIONS, PATCH")
        }
    }

    @Test func pagesOfAllowedOriginsMayUseTheRoutes() async throws {
        let stage = StreamStage(allowsOrigin: { origin, _ in origin == "https://app.example.com" })
        let path = "/switchboard/v1/whip/\(StreamStage.group)"
        try await stage.withClient { client in
            let preflight = try await client.send(
                .options, path, authorization: nil, headers: [.origin: "https://app.example.com"])
            #expect(preflight.status == .noContent)
            #expect(preflight.headers[.accessControlAllowOrigin] == "https://app.example.com")
            #expect(preflight.headers[.accessControlAllowHeaders] == "Authorization, Content-Type, If-Match")
            #expect(preflight.headers[.accessControlAllowMethods] == "OPTIONS, POST")
            #expect(preflight.headers[named: "Accept-Post"] == "application/sdp")

            let opened = try await client.post(
                .whip, Offers.publisher, headers: [.origin: "https://app.example.com"])
            #expect(opened.headers[.accessControlExposeHeaders]?.contains("Location") == true)

            let stranger = try await client.send(
                .options, path, authorization: nil, headers: [.origin: "https://evil.example.com"])
            #expect(stranger.headers[.accessControlAllowOrigin] == nil)
        }
    }
}
