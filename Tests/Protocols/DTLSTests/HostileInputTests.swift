import DTLS
import ProtocolCore
import Testing

@Suite struct HostileInputTests {
    @Test(arguments: HandshakeTests.versions)
    func garbageBetweenTheDatagramsIsIgnored(version: DTLSSession.Version) throws {
        var generator = SeededGenerator(seed: 11)
        let handshake = try Handshake(clientVersions: version...version) { _, datagram, _ in
            var garbage: [[UInt8]] = [[], [22], [0xff], [UInt8](repeating: 22, count: 70_000)]
            for _ in 0..<20 {
                let length = Int.random(in: 1...1500, using: &generator)
                var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                bytes[0] = UInt8.random(in: 20...63, using: &generator)
                garbage.append(bytes)
            }
            return garbage + [datagram]
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.failures.isEmpty)
    }

    /// Each datagram is preceded by pieces of itself, one for every offset at which it can be cut.
    @Test(arguments: HandshakeTests.versions)
    func datagramsCutAnywhereAreIgnored(version: DTLSSession.Version) throws {
        let handshake = try Handshake(clientVersions: version...version) { _, datagram, _ in
            // A cut between two records leaves a whole record, which is good input; all end in the whole datagram.
            (0...datagram.count).map { Array(datagram.prefix($0)) }
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.failures.isEmpty)
    }

    /// Records whose length was made to fit a cut message: well-formed outside, broken inside. Such a message is not
    /// authenticated yet, so it may end the handshake, but never anything worse.
    @Test(arguments: HandshakeTests.versions, 0..<60)
    func brokenMessagesNeverTrap(version: DTLSSession.Version, seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let handshake = try Handshake(clientVersions: version...version) { _, datagram, _ in
            guard datagram.count > 14, datagram[0] == 22 else { return [datagram] }
            var broken = datagram
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                broken = Array(datagram.prefix(Int.random(in: 13...datagram.count, using: &generator)))
                broken[11] = UInt8((broken.count - 13) >> 8)
                broken[12] = UInt8((broken.count - 13) & 0xff)
            case 1:
                broken[Int.random(in: 13..<broken.count, using: &generator)] ^= UInt8.random(
                    in: 1...255, using: &generator)
            default:
                return [datagram]
            }
            return [broken, datagram]
        }
        handshake.run()
        for end in [Handshake.End.client, .server] {
            #expect(handshake.keys[end] != nil || handshake.failures[end] != nil, "every session comes to an end")
        }
    }

    @Test(arguments: HandshakeTests.versions)
    func garbageAfterTheHandshakeIsIgnored(version: DTLSSession.Version) throws {
        let handshake = try Handshake(clientVersions: version...version)
        handshake.run()
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<500 {
            let length = Int.random(in: 1...100, using: &generator)
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes[0] = UInt8.random(in: 20...63, using: &generator)
            handshake.server.handle(bytes.span.bytes, now: handshake.now)
        }
        while let output = handshake.server.poll() {
            guard case .transmit = output else {
                Issue.record("\(output)")
                return
            }
        }
        handshake.client.close()
        handshake.run()
        #expect(handshake.closed == [.server], "the connection still works")
    }

    @Test func nothingButRecordsIsEverAnswered() throws {
        let server = try DTLSSession(identity: Handshake.serverIdentity, role: .server, expectedFingerprints: [])
        for first in UInt8.min...UInt8.max {
            for length in [1, 12, 13, 14, 200] {
                server.handle([UInt8](repeating: first, count: length).span.bytes, now: .zero)
            }
        }
        #expect(server.poll() == nil)
    }
}
