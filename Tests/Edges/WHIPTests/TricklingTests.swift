import Calling
import HTTPTypes
import HummingbirdTesting
import ICE
import MediaVocabulary
import SDP
import Testing

@testable import WHIP

@Suite struct TricklingTests {
    static func fragment(ufrag: String, password: String = "anotherpasswordanother00") -> String {
        """
        a=ice-ufrag:\(ufrag)
        a=ice-pwd:\(password)
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=candidate:2 1 udp 2130706431 192.0.2.9 50001 typ host

        """.replacing("\n", with: "\r\n")
    }

    static let ownFragment = fragment(ufrag: "abcd", password: "clientpasswordclientpass")

    @Test func candidatesAreTaken() async throws {
        try await StreamStage().withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let tag = try #require(opened.headers[.eTag])
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: tag).status == .noContent)
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: "*").status == .noContent)
            #expect(try await client.patch(opened, "a=end-of-candidates\r\n", ifMatch: tag).status == .noContent)
        }
    }

    @Test func conditionsAreChecked() async throws {
        try await StreamStage().withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let tag = try #require(opened.headers[.eTag])
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: nil).status == .preconditionRequired)
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: "\"x\"").status == .preconditionFailed)
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: "W/\(tag)").status == .preconditionFailed)
            let foreign = try await client.patch(opened, Self.fragment(ufrag: "wxyz"), ifMatch: tag)
            #expect(foreign.status == .conflict)
            #expect(foreign.problem == "foreignCredentials")
            let wrong = try await client.patch(opened, Self.ownFragment, ifMatch: tag, type: "application/sdp")
            #expect(wrong.status == .unsupportedMediaType)
            #expect(try await client.patch(opened, "hello", ifMatch: tag).problem == "malformedFragment")
        }
    }

    @Test func iceRestarts() async throws {
        let stage = StreamStage()
        try await stage.join("ada")
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let tag = try #require(opened.headers[.eTag])
            let restarted = try await client.patch(opened, Self.fragment(ufrag: "wxyz"), ifMatch: "*")
            #expect(restarted.status == .ok)
            #expect(restarted.headers[.contentType] == "application/trickle-ice-sdpfrag")
            let newTag = try #require(restarted.headers[.eTag])
            #expect(newTag != tag)
            #expect(restarted.text.contains("a=ice-ufrag:server2\r\na=ice-pwd:\(AnsweringPlane.password(2))\r\n"))
            #expect(restarted.text.hasPrefix("a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"))

            let publisher = try #require(await stage.roster(of: "ada").first).participant
            let offer = try #require(await stage.plane.offers[publisher]?.last)
            #expect(offer.sdp.components(of: "a=ice-ufrag:wxyz") == 2)
            #expect(offer.sdp.components(of: "a=ice-pwd:anotherpasswordanother00") == 2)
            #expect(offer.sdp.components(of: "a=ice-ufrag:abcd") == 0)
            #expect(offer.sdp.components(of: "a=candidate") == 0)

            // The old ICE session is over, the new one trickles.
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: tag).status == .preconditionFailed)
            let trickled = try await client.patch(opened, Self.fragment(ufrag: "wxyz"), ifMatch: newTag)
            #expect(trickled.status == .noContent)
        }
    }

    @Test func aRestartThatCannotBeAnsweredChangesNothing() async throws {
        let stage = StreamStage()
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let tag = try #require(opened.headers[.eTag])
            await stage.plane.refuseOffers("Not now.")
            let refused = try await client.patch(opened, Self.fragment(ufrag: "wxyz"), ifMatch: "*")
            #expect(refused.problem == "unusableOffer")
            #expect(try await client.patch(opened, Self.ownFragment, ifMatch: tag).status == .noContent)
        }
    }

    @Test func oneRestartAtATime() async throws {
        let stage = StreamStage()
        try await stage.withClient { client in
            let opened = try await client.post(.whip, Offers.publisher)
            let session = try await stage.session(opened, .whip)
            await stage.plane.whileAnswering {
                await stage.plane.whileAnswering(nil)
                await #expect(throws: Problem.self) {
                    _ = try await session.patch(TrickleFragment(parsing: Self.fragment(ufrag: "efgh")), if: .any)
                }
            }
            let restarted = try await client.patch(opened, Self.fragment(ufrag: "wxyz"), ifMatch: "*")
            #expect(restarted.status == .ok)
        }
    }

    @Test func entityTags() {
        #expect(EntityTagCondition(" * ") == .any)
        #expect(EntityTagCondition("\"a\", W/\"b\" ,c") == .oneOf(["a", "c"]))
        #expect(!EntityTagCondition("").holds(for: ""))
    }
}

extension String {
    /// How often the part occurs.
    fileprivate func components(of part: String) -> Int {
        ranges(of: part).count
    }
}
