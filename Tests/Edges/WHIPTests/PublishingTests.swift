import Calling
import CallingTestSupport
import HTTPTypes
import HummingbirdTesting
import MediaVocabulary
import SDP
import Testing

@testable import WHIP

@Suite struct PublishingTests {
    @Test func aPublisherIsAParticipantWithItsCameraOn() async throws {
        let stage = StreamStage()
        let call = try await stage.join("ada").call
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher, query: "?displayName=Studio%20A")
            #expect(opened.status == .created)
            #expect(opened.headers[.contentType] == "application/sdp")
            #expect(opened.headers[named: "Accept-Patch"] == "application/trickle-ice-sdpfrag")
            #expect(opened.headers[.eTag]?.wholeMatch(of: /"[0-9a-f]{32}"/) != nil)
            let location = try #require(opened.headers[.location])
            #expect(location.wholeMatch(of: /\/switchboard\/v1\/whip\/[0-9a-f-]{36}\/[0-9a-f]{32}/) != nil)
            #expect(opened.text.contains("a=ice-ufrag:server1"))

            let entry = try #require(await stage.roster(of: "ada").first)
            #expect(entry.user == StreamStage.streamer)
            #expect(entry.displayName == "Studio A")
            #expect(entry.state == .connected)
            #expect(entry.camera && !entry.screen && !entry.isMuted)
            let offer = try #require(await stage.plane.offers[entry.participant]?.first)
            #expect(offer.lines?.map(\.purpose) == [.microphone, .camera])
            let leg = try #require(await stage.plane.leg(entry.participant, in: call))
            #expect(leg.camera && leg.flows)
        }
    }

    @Test func aPublisherMayNotReceive() async throws {
        let stage = StreamStage()
        try await stage.join("ada", camera: true)
        try await stage.withClient { client in
            let both = Offers.session(
                Offers.line("audio", mid: "0", "sendrecv"), Offers.line("video", mid: "1", "sendrecv"))
            let opened = try await client.post(.whip, both)
            #expect(opened.status == .created)
            try await stage.session(opened, .whip).settled()
            let entry = try #require(await stage.roster(of: "ada").first)
            // A purpose that sends leaves nothing to receive with.
            #expect(
                await stage.plane.offers[entry.participant]?.first?.lines?.map(\.purpose) == [.microphone, .camera])
            #expect(await stage.plane.wishes[entry.participant] == nil)
        }
    }

    @Test func soundAloneHasNoCamera() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let offer = Offers.session(
                Offers.line("audio", mid: "0", "sendonly"), Offers.line("video", mid: "1", "inactive"))
            #expect(try await client.post(.whip, offer).status == .created)
            let entry = try #require(await stage.roster(of: "ada").first)
            #expect(!entry.camera && !entry.isMuted)
            #expect(entry.displayName == "streamer's token")
        }
    }

    @Test func aPictureAloneIsMuted() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let offer = Offers.session(Offers.line("video", mid: "0", "sendonly"))
            #expect(try await client.post(.whip, offer).status == .created)
            let entry = try #require(await stage.roster(of: "ada").first)
            #expect(entry.camera && entry.isMuted)
        }
    }

    @Test func deletingLeaves() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            #expect(try await client.delete(opened).status == .ok)
            #expect(await stage.roster(of: "ada").isEmpty)
            #expect(await stage.directory.counts.endpoints == 1)
            #expect(try await client.delete(opened).status == .notFound)
            #expect(try await client.patch(opened, "a=mid:0\r\n", ifMatch: "*").problem == "sessionNotFound")
        }
    }

    @Test func theSessionEndsWithItsParticipant() async throws {
        let stage = StreamStage()
        let call = try await stage.join("ada").call
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let session = try await stage.session(opened, .whip)
            let entry = try #require(await stage.roster(of: "ada").first)
            try await stage.directory.remove(entry.participant, from: call, by: StreamStage.Person("ada").id)
            await session.settled()
            #expect(try await client.delete(opened).status == .notFound)
            #expect(await stage.directory.counts.endpoints == 1)
        }
    }

    @Test func revokingTheTokensEndsTheSessions() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let other = try await client.post(
                .whip, Offers.publisher, authorization: "Bearer good:other:voip")
            await stage.routes.revoke(StreamStage.streamer)
            #expect(await stage.roster(of: "ada").map(\.user) == [UserID("8:acs:other")])
            #expect(try await client.delete(opened).status == .notFound)
            #expect(try await client.delete(other, authorization: "Bearer good:other:voip").status == .ok)
        }
    }

    @Test func revokingTheTokensEndsASessionThatIsStillJoining() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        await stage.plane.whileAnswering { await stage.routes.revoke(StreamStage.streamer) }
        try await stage.withClient { client async throws in
            #expect(try await client.post(.whip, Offers.publisher).problem == "unauthorized")
            #expect(await stage.roster(of: "ada").isEmpty)
            #expect(await stage.directory.counts.endpoints == 1)
        }
    }

    @Test func relaysAreLinked() async throws {
        let stage = StreamStage(iceServers: [
            ICEServer(url: "stun:stun.example.com"),
            ICEServer(url: "turn:turn.example.com?transport=udp", username: "1700:a", credential: "p\"w"),
        ])
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let name = try #require(HTTPField.Name("Link"))
            #expect(
                opened.headers[values: name] == [
                    "<stun:stun.example.com>; rel=\"ice-server\"",
                    "<turn:turn.example.com?transport=udp>; rel=\"ice-server\"; username=\"1700:a\"; "
                        + "credential=\"p\\\"w\"; credential-type=\"password\"",
                ])
        }
    }

    @Test func optionsWithATokenNameTheRelaysBeforeTheOffer() async throws {
        let stage = StreamStage(iceServers: [ICEServer(url: "turn:turn.example.com", username: "a", credential: "b")])
        try await stage.withClient { client in
            let name = try #require(HTTPField.Name("Link"))
            let path = "/switchboard/v1/whip/\(StreamStage.group)"
            let known = try await client.send(.options, path)
            #expect(known.status == .noContent)
            #expect(
                known.headers[values: name] == [
                    "<turn:turn.example.com>; rel=\"ice-server\"; username=\"a\"; credential=\"b\"; "
                        + "credential-type=\"password\""
                ])
            for authorization in [nil, "Bearer bad", "Bearer good:ada:chat"] {
                let unknown = try await client.send(.options, path, authorization: authorization)
                #expect(unknown.status == .noContent)
                #expect(unknown.headers[values: name].isEmpty)
            }
        }
    }
}
