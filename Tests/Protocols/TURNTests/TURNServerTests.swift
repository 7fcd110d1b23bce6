import ProtocolCore
import STUN
import Testing

@testable import TURN

@Suite("Allocations")
struct TURNServerTests {
    @Test("The first request is answered with realm and nonce, then with a relayed address")
    func allocates() throws {
        let stage = Stage()
        let challenge = try stage.ask(.allocate, signed: false) { $0.add(.requestedTransport, [17, 0, 0, 0]) }
        #expect(challenge.error?.code == 401)
        #expect(challenge.realm == "example.com")
        #expect(!challenge.message.hasIntegrity)

        let relay = try #require(stage.requestAllocation())
        #expect(relay.user == "8:acs:ada")
        #expect(!relay.isIPv6)
        #expect(stage.server.allocationCount == 1)
        let answer = try #require(stage.opened(relay))
        #expect(answer.message.messageClass == .successResponse)
        #expect(answer.message.hasValidIntegrity(key: stage.key))
        #expect(answer.address(.xorRelayedAddress) == Stage.relayed)
        #expect(answer.message.xorMappedAddress == Stage.client.endpoint)
        #expect(answer.lifetime == 600)
        #expect(stage.server.refusals.isEmpty)
    }

    @Test("Only a request with good credentials says who asks")
    func authenticatedUser() throws {
        let stage = Stage()
        _ = try stage.ask(.allocate, signed: false) { $0.add(.requestedTransport, [17, 0, 0, 0]) }
        #expect(stage.server.authenticatedUser == nil)
        let relay = try #require(stage.requestAllocation())
        #expect(stage.server.authenticatedUser == "8:acs:ada")
        _ = stage.opened(relay)
        #expect(try stage.ask(.binding, signed: false).error == nil)
        #expect(stage.server.authenticatedUser == nil)
        // Refused for another reason, but by somebody whom we know.
        #expect(try stage.ask(.allocate, transaction: 99, Stage.askForUDP).error?.code == 437)
        #expect(stage.server.authenticatedUser == "8:acs:ada")
        stage.credentials = TURNCredentials(user: "8:acs:ada", expiringAt: Stage.expiry, secret: [1, 2, 3])
        #expect(try stage.ask(.refresh).error?.code == 401)
        #expect(stage.server.authenticatedUser == nil)
    }

    @Test("An Allocate that comes again is answered as before; another one is a mismatch")
    func repeatedAllocate() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation(transaction: 7))
        #expect(stage.reactTo(.allocate, transaction: 7, Stage.askForUDP) == .dropped(.repeated))
        let first = try #require(stage.opened(relay))
        let again = try stage.ask(.allocate, transaction: 7, Stage.askForUDP)
        #expect(again.bytes == first.bytes)
        #expect(try stage.ask(.allocate, transaction: 8, Stage.askForUDP).error?.code == 437)
    }

    @Test("A nonce is good for an hour and for one client")
    func nonces() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        _ = stage.opened(relay)
        stage.now = stage.now + .seconds(3_599)
        // The allocation is long over, the nonce is not.
        #expect(try stage.ask(.refresh).error?.code == 437)
        stage.now = stage.now + .seconds(1)
        let stale = try stage.ask(.refresh)
        #expect(stale.error?.code == 438)
        #expect(stale.nonce != nil && stale.nonce != stage.nonce)
        stage.nonce = try #require(stale.nonce)
        #expect(try stage.ask(.refresh).error?.code == 437)
        let other = TURNClient(Stage.client.endpoint, over: .tcp)
        #expect(try stage.ask(.refresh, from: other).error?.code == 438)
        stage.nonce = String(repeating: "0", count: 36)
        #expect(try stage.ask(.refresh).error?.code == 438)
        #expect(stage.server.refusals == [437: 2, 438: 3])
    }

    @Test("Wrong, foreign and expired credentials are refused")
    func credentials() throws {
        let stage = Stage()
        _ = try stage.ask(.allocate, signed: false)
        let good = stage.credentials
        stage.credentials = TURNCredentials(user: "8:acs:ada", expiringAt: Stage.expiry, secret: [1, 2, 3])
        #expect(try stage.ask(.allocate, Stage.askForUDP).error?.code == 401)
        stage.credentials = TURNCredentials(user: "8:acs:ada", expiringAt: stage.unixTime, secret: Stage.secret)
        #expect(try stage.ask(.allocate, Stage.askForUDP).error?.code == 401)
        for name in ["ada", "1700000000", "1700000000:", ":ada", "x:ada", "-1:ada"] {
            stage.credentials = TURNCredentials(username: name, secret: Stage.secret)
            #expect(try stage.ask(.allocate, Stage.askForUDP).error?.code == 401, "\(name)")
        }
        stage.credentials = good
        #expect(stage.requestAllocation() != nil)
    }

    @Test("Credentials that expire during a call keep its allocation, and open no new one")
    func expiryDuringCall() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        _ = stage.opened(relay)
        stage.unixTime = Stage.expiry + 1
        #expect(try stage.ask(.refresh).lifetime == 600)
        #expect(try stage.ask(.refresh, { $0.add(.lifetime, [0, 0, 0, 0]) }).lifetime == 0)
        #expect(try stage.ask(.allocate, Stage.askForUDP).error?.code == 401)
    }

    @Test("USERNAME, REALM and NONCE are needed beside MESSAGE-INTEGRITY")
    func incompleteCredentials() throws {
        let stage = Stage()
        let builder = STUNMessageBuilder(.request, .allocate, transactionID: .init(high: 0, low: 1))
        let reply = try #require(Stage.reply(in: stage.give(builder.finish(integrityKey: [1]))))
        #expect(reply.error?.code == 400)
    }

    @Test("What cannot be had says why")
    func refusals() throws {
        let stage = Stage()
        _ = try stage.ask(.allocate, signed: false)
        #expect(try stage.ask(.allocate).error?.code == 400)
        #expect(try stage.ask(.allocate) { $0.add(.requestedTransport, [6, 0, 0, 0]) }.error?.code == 442)
        let dontFragment = try stage.ask(.allocate) {
            Stage.askForUDP(&$0)
            $0.add(STUNAttributeType(rawValue: 0x001a), [])
        }
        #expect(dontFragment.error?.code == 420)
        #expect(dontFragment.message.unknownAttributes == [0x001a])
        let pair = try stage.ask(.allocate) {
            Stage.askForUDP(&$0)
            $0.add(.evenPort, [0x80])
        }
        #expect(pair.error?.code == 508)
        for family: UInt8 in [2, 3] {
            let reply = try stage.ask(.allocate) {
                Stage.askForUDP(&$0)
                $0.add(.requestedAddressFamily, [family, 0, 0, 0])
            }
            #expect(reply.error?.code == 440)
        }
        #expect(stage.server.allocationCount == 0)
    }

    @Test(
        "The driver's refusals reach the client",
        arguments: [(RelayFailure.quotaReached, 486), (.insufficientCapacity, 508)])
    func failures(failure: RelayFailure, code: Int) throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        let reply = try #require(Stage.reply(in: .effects(stage.relayFailed(relay, failure))))
        #expect(reply.error?.code == code)
        #expect(reply.message.hasValidIntegrity(key: stage.key))
        #expect(stage.server.allocationCount == 0)
        #expect(stage.relayOpened(relay, at: Stage.relayed).isEmpty)
        #expect(stage.requestAllocation() != nil)
    }

    @Test("IPv6 is asked for by name")
    func ipv6() throws {
        let stage = Stage()
        stage.offersIPv6()
        let relay = try #require(
            stage.requestAllocation {
                Stage.askForUDP(&$0)
                $0.add(.requestedAddressFamily, [2, 0, 0, 0])
            })
        #expect(relay.isIPv6)
        let address = SocketEndpoint(ipv6High: 0x2001_0db8_0000_0000, low: 9, port: 50_000)
        let answer = try #require(
            Stage.reply(in: .effects(stage.relayOpened(relay, at: address))))
        #expect(answer.address(.xorRelayedAddress) == address)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media)).error?.code == 443)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media6)).error == nil)
        let wrong = try stage.ask(.refresh) { $0.add(.requestedAddressFamily, [1, 0, 0, 0]) }
        #expect(wrong.error?.code == 443)
    }

    @Test("An allocation lasts as long as it is refreshed, an hour at most at a time")
    func lifetimes() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        _ = stage.opened(relay)
        stage.now = stage.now + .seconds(599)
        #expect(stage.expire().isEmpty)
        #expect(try stage.ask(.refresh) { $0.add(.lifetime, [0, 1, 0, 0]) }.lifetime == 3_600)
        #expect(try stage.ask(.refresh) { $0.add(.lifetime, [0, 0, 0, 1]) }.lifetime == 600)
        stage.now = stage.now + .seconds(600)
        #expect(try stage.ask(.refresh).error?.code == 437)
        #expect(stage.expire() == [.closeRelay(relay)])
        #expect(stage.expire().isEmpty)
        #expect(stage.server.allocationCount == 0)
    }

    @Test("A Refresh of nothing ends the allocation; said twice it does no harm")
    func refreshToZero() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        _ = stage.opened(relay)
        guard case .effects(let effects) = stage.reactTo(.refresh, { $0.add(.lifetime, [0, 0, 0, 0]) }) else {
            Issue.record("no answer")
            return
        }
        #expect(effects.last == .closeRelay(relay))
        #expect(Stage.reply(in: .effects(effects))?.lifetime == 0)
        let again = try stage.ask(.refresh) { $0.add(.lifetime, [0, 0, 0, 0]) }
        #expect(again.lifetime == 0)
        #expect(again.error == nil)
    }

    @Test("A client that goes away leaves nothing, also while its relay is being opened")
    func leaving() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        #expect(stage.leave() == [.closeRelay(relay)])
        #expect(stage.relayOpened(relay, at: Stage.relayed).isEmpty)
        #expect(stage.leave().isEmpty)
    }

    @Test("An allocation answers only to the name that made it")
    func otherName() throws {
        let stage = Stage()
        let relay = try #require(stage.requestAllocation())
        _ = stage.opened(relay)
        stage.credentials = TURNCredentials(user: "8:acs:eve", expiringAt: Stage.expiry, secret: Stage.secret)
        #expect(try stage.ask(.refresh).error?.code == 441)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media)).error?.code == 441)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4000, Stage.media)).error?.code == 441)
    }

    @Test("Without an allocation there is nothing to permit or bind")
    func noAllocation() throws {
        let stage = Stage()
        _ = try stage.ask(.allocate, signed: false)
        #expect(try stage.ask(.createPermission, Stage.name(Stage.media)).error?.code == 437)
        #expect(try stage.ask(.channelBind, Stage.bind(0x4000, Stage.media)).error?.code == 437)
    }

    @Test("Plain STUN is answered without credentials")
    func binding() throws {
        let stage = Stage()
        let reply = try stage.ask(.binding, signed: false)
        #expect(reply.message.xorMappedAddress == Stage.client.endpoint)
        #expect(stage.server.allocationCount == 0)
    }

    @Test("Truncated at any byte, a request opens nothing and does no harm")
    func truncation() throws {
        let stage = Stage()
        _ = try stage.ask(.allocate, signed: false)
        let request = stage.request(.allocate, Stage.askForUDP)
        for count in 0..<request.count {
            #expect(stage.give(Array(request.prefix(count))) == .dropped(.unreadable))
        }
        // A wrong checksum as well; and responses are for clients.
        var damaged = request
        damaged[damaged.count - 1] ^= 1
        #expect(stage.give(damaged) == .dropped(.unreadable))
        #expect(stage.server.allocationCount == 0)
        let response = STUNMessageBuilder(.successResponse, .allocate, transactionID: .init(high: 1, low: 1))
        #expect(stage.give(response.finish(integrityKey: nil)) == .dropped(.unreadable))
        #expect(Stage.reply(in: stage.give(request)) == nil)
        #expect(stage.server.allocationCount == 1)
    }
}
