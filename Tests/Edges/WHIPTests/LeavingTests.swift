import Calling
import CallingTestSupport
import HTTPTypes
import HummingbirdTesting
import MediaVocabulary
import Testing

@testable import WHIP

/// How a session ends when its client is gone without a DELETE (RFC 9725 §4.2).
@Suite struct LeavingTests {
    /// Opens a session whose media flows; returns its call and participant.
    private func publish(
        _ stage: StreamStage, _ client: StreamClient
    ) async throws -> (opened: TestResponse, call: CallID, participant: ParticipantID) {
        let call = try await stage.join("ada").call
        let opened = try await client.post(.whip, Offers.publisher)
        let participant = try #require(await stage.roster(of: "ada").first).participant
        await stage.directory.handle(.connected(call, participant))
        return (opened, call, participant)
    }

    @Test(arguments: [true, false])
    func closingTheTransportEndsTheSessionAtOnce(_ isGoodbye: Bool) async throws {
        let stage = StreamStage()
        try await stage.withClient { client async throws in
            let (opened, call, participant) = try await publish(stage, client)
            let session = try await stage.session(opened, .whip)
            await stage.directory.handle(.closed(call, participant, isGoodbye: isGoodbye))
            await session.settled()
            #expect(await stage.roster(of: "ada").isEmpty)
            #expect(try await client.delete(opened).problem == "sessionNotFound")
        }
    }

    @Test func aClientThatVanishesLeavesWithItsConsent() async throws {
        let stage = StreamStage()
        try await stage.withClient { client async throws in
            let (opened, call, participant) = try await publish(stage, client)
            let session = try await stage.session(opened, .whip)
            // The media plane says so ten seconds after the last packet.
            await stage.directory.handle(.interrupted(call, participant))
            await stage.clock.advance(by: .seconds(19))
            #expect(await stage.roster(of: "ada").count == 1)
            await stage.directory.handle(.connected(call, participant))
            await stage.clock.advance(by: .seconds(60))
            #expect(await stage.roster(of: "ada").count == 1)
            await stage.directory.handle(.interrupted(call, participant))
            await stage.clock.advance(by: .seconds(21))
            await session.settled()
            #expect(await stage.roster(of: "ada").isEmpty)
        }
    }

    /// Somebody with a session of signalling may come back over it.
    @Test func othersKeepTheirGrace() async throws {
        let stage = StreamStage()
        let snapshot = try await stage.join("ada")
        try await stage.join("grace")
        let entry = try #require(await stage.roster(of: "grace").first)
        await stage.directory.handle(.connected(snapshot.call, entry.participant))
        await stage.directory.handle(.closed(snapshot.call, entry.participant, isGoodbye: true))
        #expect(await stage.roster(of: "grace").first?.state == .connected)
        await stage.directory.handle(.closed(snapshot.call, entry.participant, isGoodbye: false))
        #expect(await stage.roster(of: "grace").first?.state == .reconnecting)
        await stage.clock.advance(by: .seconds(59))
        #expect(await stage.roster(of: "grace").count == 1)
        await stage.clock.advance(by: .seconds(2))
        #expect(await stage.roster(of: "grace").isEmpty)
    }
}
