import ICE
import ProtocolCore
import STUN
import Testing

@Suite struct ICELiteAgentTests {
    let wifi = SocketEndpoint(ipv4: 0xc000_0201, port: 5000)
    let mobile = SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 7, port: 6000)
    let password = "local-password-0123456789"

    func agent() -> ICELiteAgent {
        ICELiteAgent(localUfrag: "local", localPassword: password, remoteUfrag: "remote")
    }

    func response(_ reaction: ICELiteAgent.Reaction) throws -> STUNMessage {
        let bytes = try #require(reaction.response)
        return try STUNMessage(bytes)
    }

    @Test func answersACheckWithTheAddressItSaw() throws {
        for source in [wifi, mobile] {
            var agent = agent()
            let reaction = agent.handle(ConnectivityCheck(number: 77).bytes(), from: source)
            let answer = try response(reaction)
            #expect(answer.messageClass == .successResponse)
            #expect(answer.transactionID == .init(high: 1, low: 77))
            #expect(answer.xorMappedAddress == source)
            #expect(answer.hasValidIntegrity(key: Array(password.utf8)))
            #expect(answer.hasValidFingerprint)
            #expect(reaction.refusal == nil)
            #expect(reaction.event == nil)
            #expect(agent.selectedEndpoint == nil)
        }
    }

    @Test func followsANomination() {
        var agent = agent()
        #expect(agent.handle(ConnectivityCheck().bytes(), from: wifi).event == nil)
        let nominated = agent.handle(ConnectivityCheck(number: 2, nominates: true).bytes(), from: wifi)
        #expect(nominated.event == .selectedPairChanged(wifi))
        #expect(agent.selectedEndpoint == wifi)
        let again = agent.handle(ConnectivityCheck(number: 3, nominates: true).bytes(), from: wifi)
        #expect(again.event == nil)
        #expect(again.response != nil)
    }

    @Test func takesABetterNominatedPairAtOnce() {
        var agent = agent()
        _ = agent.handle(ConnectivityCheck(number: 1, priority: 100, nominates: true).bytes(), from: wifi)
        let better = agent.handle(ConnectivityCheck(number: 2, priority: 101, nominates: true).bytes(), from: mobile)
        #expect(better.event == .selectedPairChanged(mobile))
    }

    /// A peer that nominates whatever it checks must not throw the media to and fro.
    @Test func staysWithTheBestPairUnderAggressiveNomination() {
        var agent = agent()
        for round in 0..<5 as Range<UInt64> {
            let best = ConnectivityCheck(number: round * 2, priority: 200, nominates: true)
            let other = ConnectivityCheck(number: round * 2 + 1, priority: 100, nominates: true)
            _ = agent.handle(best.bytes(), from: wifi)
            #expect(agent.handle(other.bytes(), from: mobile).event == nil)
            // The same check once more, because its answer was lost.
            #expect(agent.handle(other.bytes(), from: mobile).event == nil)
        }
        #expect(agent.selectedEndpoint == wifi)
    }

    @Test func movesToAWorsePairThatIsNominatedTwiceRunning() {
        var agent = agent()
        _ = agent.handle(ConnectivityCheck(number: 1, priority: 200, nominates: true).bytes(), from: wifi)
        // Checks that do not nominate keep the old path warm and mean nothing.
        _ = agent.handle(ConnectivityCheck(number: 2, priority: 200).bytes(), from: wifi)
        #expect(
            agent.handle(ConnectivityCheck(number: 3, priority: 100, nominates: true).bytes(), from: mobile).event
                == nil)
        _ = agent.handle(ConnectivityCheck(number: 4, priority: 200).bytes(), from: wifi)
        #expect(
            agent.handle(ConnectivityCheck(number: 5, priority: 100, nominates: true).bytes(), from: mobile).event
                == .selectedPairChanged(mobile))
    }

    @Test func refusesWrongCredentials() throws {
        let wrong = [
            ConnectivityCheck(username: "local:other"), ConnectivityCheck(username: "other:remote"),
            ConnectivityCheck(username: "local"), ConnectivityCheck(username: "local:remote:x"),
            ConnectivityCheck(key: Array("guessed-password-01234567".utf8)),
        ]
        for var check in wrong {
            check.nominates = true
            var agent = agent()
            let reaction = agent.handle(check.bytes(), from: wifi)
            #expect(reaction.refusal == .badCredentials)
            let answer = try response(reaction)
            #expect(answer.messageClass == .errorResponse)
            #expect(answer.error?.code == 401)
            #expect(!answer.hasIntegrity)
            #expect(agent.selectedEndpoint == nil)
            #expect(agent.lastHeard == nil)
        }
    }

    @Test func refusesMissingAttributes() throws {
        var agent = agent()
        let unsigned = agent.handle(ConnectivityCheck(signs: false).bytes(), from: wifi)
        #expect(unsigned.refusal == .missingAttribute)
        #expect(try response(unsigned).error?.code == 400)
        let withoutPriority = agent.handle(ConnectivityCheck(priority: nil).bytes(), from: wifi)
        #expect(withoutPriority.refusal == .missingAttribute)
        #expect(try response(withoutPriority).error?.code == 400)
        #expect(try response(withoutPriority).hasValidIntegrity(key: Array(password.utf8)))
    }

    @Test func reportsUnknownAttributes() throws {
        var agent = agent()
        let reaction = agent.handle(ConnectivityCheck(nominates: true, unknown: 0x7001).bytes(), from: wifi)
        #expect(reaction.refusal == .unknownAttributes([0x7001]))
        let answer = try response(reaction)
        #expect(answer.error?.code == 420)
        #expect(answer.unknownAttributes == [0x7001])
        #expect(answer.hasValidIntegrity(key: Array(password.utf8)))
        #expect(agent.selectedEndpoint == nil)
        // Optional ones are passed over; browsers send several of their own.
        #expect(agent.handle(ConnectivityCheck(unknown: 0xc057).bytes(), from: wifi).refusal == nil)
    }

    @Test func tellsAControlledPeerOfTheConflict() throws {
        var agent = agent()
        let reaction = agent.handle(ConnectivityCheck(nominates: true, controlled: true).bytes(), from: wifi)
        #expect(reaction.refusal == .roleConflict)
        #expect(try response(reaction).error?.code == 487)
        #expect(agent.selectedEndpoint == nil)
    }

    @Test func dropsWhatIsNoRequest() {
        var agent = agent()
        #expect(agent.handle([1, 2, 3], from: wifi) == .init(refusal: .malformed(.truncated)))
        var broken = ConnectivityCheck().bytes()
        broken[broken.count - 1] ^= 1
        #expect(agent.handle(broken, from: wifi) == .init(refusal: .badFingerprint))
        for messageClass in [STUNMessage.Class.indication, .successResponse, .errorResponse] {
            let bytes = STUNMessageBuilder(messageClass, transactionID: .init(high: 1, low: 1)).finish(
                integrityKey: nil)
            #expect(agent.handle(bytes, from: wifi) == .init(refusal: .notABindingRequest))
        }
    }

    @Test func losesConsentAfterThirtySeconds() {
        var agent = agent()
        #expect(!agent.isAlive(.zero))
        _ = agent.handle(ConnectivityCheck().bytes(), from: wifi, at: 10)
        #expect(agent.lastHeard == .zero + .seconds(10))
        #expect(agent.isAlive(.zero + .seconds(39)))
        #expect(!agent.isAlive(.zero + .seconds(40)))
        _ = agent.handle(ConnectivityCheck(key: [1], number: 2).bytes(), from: wifi, at: 38)
        #expect(!agent.isAlive(.zero + .seconds(40)))
        _ = agent.handle(ConnectivityCheck(number: 3).bytes(), from: wifi, at: 38)
        #expect(agent.isAlive(.zero + .seconds(67)))
    }

    @Test func restartsWithoutAGap() throws {
        var agent = agent()
        _ = agent.handle(ConnectivityCheck(number: 1, priority: 200, nominates: true).bytes(), from: wifi)
        agent.restart(localUfrag: "local2", localPassword: "second-password-0123456789", remoteUfrag: "remote2")
        #expect(agent.localUfrags == ["local2", "local"])
        #expect(agent.selectedEndpoint == wifi)

        let old = agent.handle(ConnectivityCheck(number: 2, priority: 200, nominates: true).bytes(), from: wifi)
        #expect(old.refusal == nil)
        #expect(try response(old).hasValidIntegrity(key: Array(password.utf8)))

        var check = ConnectivityCheck(
            username: "local2:remote2", key: Array("second-password-0123456789".utf8), number: 3, priority: 50)
        let new = agent.handle(check.bytes(), from: mobile)
        #expect(try response(new).hasValidIntegrity(key: check.key))
        #expect(agent.handle(ConnectivityCheck(number: 4).bytes(), from: wifi).refusal == nil)

        check.nominates = true
        check.number = 5
        // The first nomination under new credentials counts whatever its priority.
        #expect(agent.handle(check.bytes(), from: mobile).event == .selectedPairChanged(mobile))
        #expect(agent.localUfrags == ["local2"])
        #expect(agent.handle(ConnectivityCheck(number: 6).bytes(), from: wifi).refusal == .badCredentials)
    }

    @Test func answersTheUsedCredentialsAfterTwoRestarts() {
        var agent = agent()
        _ = agent.handle(ConnectivityCheck(number: 1, nominates: true).bytes(), from: wifi)
        agent.restart(localUfrag: "local2", localPassword: "second-password-0123456789", remoteUfrag: "remote2")
        agent.restart(localUfrag: "local3", localPassword: "third-password-0123456789", remoteUfrag: "remote3")
        #expect(agent.localUfrags == ["local3", "local"])
        #expect(agent.handle(ConnectivityCheck(number: 2).bytes(), from: wifi).refusal == nil)
    }

    @Test func keepsThePairWhenARestartChoosesItAgain() {
        var agent = agent()
        _ = agent.handle(ConnectivityCheck(number: 1, nominates: true).bytes(), from: wifi)
        agent.restart(localUfrag: "local2", localPassword: "second-password-0123456789", remoteUfrag: "remote2")
        let check = ConnectivityCheck(
            username: "local2:remote2", key: Array("second-password-0123456789".utf8), number: 2, nominates: true)
        #expect(agent.handle(check.bytes(), from: wifi).event == nil)
        #expect(agent.selectedEndpoint == wifi)
        #expect(agent.localUfrags == ["local2"])
    }

    @Test func namesTheTransportOfARequest() {
        func ufrag(_ bytes: [UInt8]) -> String? {
            ICELiteAgent.localUfragRange(ofBindingRequest: bytes.span.bytes)
                .flatMap { String(validating: bytes[$0], as: UTF8.self) }
        }
        #expect(ufrag(ConnectivityCheck(username: "abcd:efgh").bytes()) == "abcd")
        #expect(ufrag(ConnectivityCheck(username: "no colon").bytes()) == nil)
        #expect(
            ufrag(STUNMessageBuilder(.successResponse, transactionID: .init(high: 1, low: 1)).finish(integrityKey: nil))
                == nil)
        #expect(ufrag([0, 1]) == nil)
        let whole = ConnectivityCheck(username: "abcd:efgh").bytes()
        for count in 0..<whole.count { #expect(ufrag(Array(whole.prefix(count))) == nil) }
    }

    @Test func survivesTruncationAndMutation() {
        let good = ConnectivityCheck(nominates: true).bytes()
        var agent = agent()
        for count in 0..<good.count {
            let reaction = agent.handle(Array(good.prefix(count)), from: wifi)
            #expect(reaction.response == nil)
        }
        var generator = SeededGenerator(seed: 8445)
        for _ in 0..<5000 {
            var bytes = good
            bytes[.random(in: 0..<bytes.count, using: &generator)] ^= .random(in: 1...255, using: &generator)
            let reaction = agent.handle(bytes, from: wifi)
            #expect(reaction.event == nil)
        }
        #expect(agent.lastHeard == nil)
    }
}
