import ICE
import ProtocolCore
import STUN
import Testing

/// What the lite agent sends to an address in order to learn whether the peer receives there.
@Suite("Challenges of the lite agent")
struct ICEChallengeTests {
    private static let remotePassword = "remote-password-012345678"

    private func agent() -> ICELiteAgent {
        ICELiteAgent(
            localUfrag: "local", localPassword: "local-password-0123456789", remoteUfrag: "remote",
            remotePassword: Self.remotePassword)
    }

    private func isAnswer(_ bytes: [UInt8], toChallenge secret: UInt64) -> Bool {
        agent().isAnswer(bytes.span.bytes, toChallenge: secret)
    }

    private func tag(of bytes: [UInt8]) -> (tag: UInt32, secret: UInt64)? {
        ICELiteAgent.tag(ofAnswer: bytes.span.bytes)
    }

    private func answer(to challenge: [UInt8], password: String) throws -> [UInt8] {
        let builder = STUNMessageBuilder(successTo: try STUNMessage(challenge))
        return builder.finish(integrityKey: Array(password.utf8))
    }

    @Test("A challenge is a check that the peer can verify, and its answer is known again")
    func roundTrip() throws {
        let challenge = try #require(agent().challenge(tag: 7, secret: 0x1234_5678_9abc_def1))
        let request = try STUNMessage(challenge)
        #expect(request.messageClass == .request)
        #expect(request.username == "remote:local")
        #expect(request.hasValidIntegrity(key: Array(Self.remotePassword.utf8)))
        #expect(request.hasValidFingerprint)
        #expect(request.iceControlled != nil)
        #expect(request.priority != nil)
        let answer = try answer(to: challenge, password: Self.remotePassword)
        let named = try #require(tag(of: answer))
        #expect(named == (7, 0x1234_5678_9abc_def1))
        #expect(isAnswer(answer, toChallenge: named.secret))
        #expect(!isAnswer(answer, toChallenge: named.secret + 1))
        #expect(tag(of: challenge) == nil)
    }

    @Test("An answer that somebody else made, or that was cut, is none")
    func forgeries() throws {
        let challenge = try #require(agent().challenge(tag: 7, secret: 99))
        let forged = try answer(to: challenge, password: "guessed-password-01234567")
        #expect(!isAnswer(forged, toChallenge: 99))
        let right = try answer(to: challenge, password: Self.remotePassword)
        for count in 0..<right.count {
            #expect(!isAnswer(Array(right.prefix(count)), toChallenge: 99))
        }
    }

    @Test("Without the peer's password there is no challenge; after a restart it is made with the new one")
    func passwords() throws {
        let plain = ICELiteAgent(localUfrag: "l", localPassword: "local-password-0123456789", remoteUfrag: "r")
        #expect(plain.challenge(tag: 1, secret: 1) == nil)
        var agent = agent()
        agent.restart(
            localUfrag: "local2", localPassword: "second-password-0123456789", remoteUfrag: "remote2",
            remotePassword: "second-remote-password-01")
        let challenge = try STUNMessage(try #require(agent.challenge(tag: 1, secret: 1)))
        #expect(challenge.username == "remote2:local2")
        #expect(challenge.hasValidIntegrity(key: Array("second-remote-password-01".utf8)))
    }
}
