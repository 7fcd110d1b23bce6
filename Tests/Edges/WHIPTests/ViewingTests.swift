import Calling
import HTTPTypes
import HummingbirdTesting
import MediaVocabulary
import ProtocolCore
import SDP
import Testing

@testable import WHIP

@Suite struct ViewingTests {
    @Test func aViewerSeesWhoeverHasTheCameraOn() async throws {
        let stage = StreamStage()
        let ada = try await stage.join("ada", camera: true)
        try await stage.withClient { client in
            let opened = try await client.post(.whep, Offers.viewer, query: "?displayName=Wall")
            #expect(opened.status == .created)
            let session = try await stage.session(opened, .whep)
            await session.settled()
            let viewer = try #require(await stage.roster(of: "ada").first)
            #expect(viewer.displayName == "Wall" && viewer.isMuted && !viewer.camera)
            let offer = try #require(await stage.plane.offers[viewer.participant]?.first)
            #expect(offer.lines?.map(\.purpose) == [.audioSlot, .videoSlot])
            #expect(await stage.plane.wish(of: viewer.participant, in: "1")?.participant == ada.participant)
        }
    }

    @Test func theStageFollowsSpeechAndScreens() async throws {
        let stage = StreamStage()
        let ada = try await stage.join("ada", camera: true)
        let grace = try await stage.join("grace", camera: true)
        try await stage.withClient { client in
            let session = try await stage.session(try await client.post(.whep, Offers.viewer), .whep)
            await session.settled()
            let viewer = try #require(await stage.roster(of: "ada").last).participant
            #expect(await stage.plane.wish(of: viewer, in: "1")?.participant == ada.participant)

            await stage.directory.handle(
                .speakers(
                    ada.call, SpeakerReport(dominant: [grace.participant], levels: [grace.participant: 0.5])))
            await session.settled()
            #expect(await stage.plane.wish(of: viewer, in: "1")?.participant == grace.participant)

            let adaEndpoint = StreamStage.Person("ada").id
            try await stage.directory.setPublishing(camera: true, screen: true, in: ada.call, at: adaEndpoint)
            await session.settled()
            let screen = try #require(await stage.plane.wish(of: viewer, in: "1"))
            #expect(screen.participant == ada.participant && screen.source == .screen)

            try await stage.directory.hangUp(ada.call, at: adaEndpoint)
            await session.settled()
            let last = try #require(await stage.plane.wish(of: viewer, in: "1"))
            #expect(last.participant == grace.participant && last.source == .camera)

            try await stage.directory.setPublishing(
                camera: false, screen: false, in: ada.call, at: StreamStage.Person("grace").id)
            await session.settled()
            #expect(try #require(await stage.plane.wish(of: viewer, in: "1")).participant == nil)
        }
    }

    @Test func aPinnedViewShowsNobodyElse() async throws {
        let stage = StreamStage()
        let ada = try await stage.join("ada", camera: true)
        let grace = try await stage.join("grace")
        try await stage.withClient { client in
            let opened = try await client.post(.whep, Offers.viewer, query: "?participant=8%3Aacs%3Agrace")
            let session = try await stage.session(opened, .whep)
            await session.settled()
            let viewer = try #require(await stage.roster(of: "ada").last).participant
            #expect(await stage.plane.wishes[viewer] == nil)
            try await stage.directory.setPublishing(
                camera: true, screen: false, in: ada.call, at: StreamStage.Person("grace").id)
            await session.settled()
            #expect(await stage.plane.wish(of: viewer, in: "1")?.participant == grace.participant)
        }
    }

    @Test func aViewerPublishesNothing() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let offer = Offers.session(
                Offers.line("audio", mid: "0", "sendrecv"), Offers.line("video", mid: "1", "sendrecv"))
            #expect(try await client.post(.whep, offer).status == .created)
            let viewer = try #require(await stage.roster(of: "ada").first)
            #expect(!viewer.camera && viewer.isMuted)
            #expect(
                await stage.plane.offers[viewer.participant]?.first?.lines?.map(\.purpose) == [.audioSlot, .videoSlot])
        }
    }

    @Test func aPublisherIsSeenByAViewer() async throws {
        let stage = StreamStage()
        try await stage.withClient { client in
            let viewer = try await stage.session(try await client.post(.whep, Offers.viewer), .whep)
            let publisher = try await client.post(
                .whip, Offers.publisher, authorization: "Bearer good:studio:voip.join")
            #expect(publisher.status == .created)
            await viewer.settled()
            let wishes = await stage.plane.wishes.values.compactMap { $0["1"]?.participant }
            #expect(wishes.count == 1)
        }
    }
}
