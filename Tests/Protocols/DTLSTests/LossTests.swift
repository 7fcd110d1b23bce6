import DTLS
import ProtocolCore
import Testing

@Suite struct LossTests {
    @Test(arguments: HandshakeTests.versions, 0..<12)
    func anyLostDatagramIsRepeated(version: DTLSSession.Version, lost: Int) throws {
        let handshake = try Handshake(clientVersions: version...version) { number, datagram, _ in
            number == lost ? [] : [datagram]
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.failures.isEmpty)
        #expect(handshake.now < .zero + .seconds(2))
    }

    @Test(arguments: HandshakeTests.versions, [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func aThirdOfAllDatagramsLost(version: DTLSSession.Version, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let handshake = try Handshake(clientVersions: version...version) { _, datagram, _ in
            Int.random(in: 0..<3, using: &generator) == 0 ? [] : [datagram]
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.failures.isEmpty)
    }

    @Test(arguments: HandshakeTests.versions)
    func repeatedDatagramsDoNoHarm(version: DTLSSession.Version) throws {
        let handshake = try Handshake(clientVersions: version...version) { number, datagram, _ in
            number < 20 ? [datagram, datagram] : [datagram]
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.failures.isEmpty)
    }

    /// The driver's time line may have any origin.
    @Test(arguments: [Int64.min / 4, -1, 0, 1 << 60])
    func timersFollowTheToldTime(origin: Int64) throws {
        let start = Instant(nanoseconds: origin)
        let handshake = try Handshake(origin: start) { number, datagram, _ in
            number < 2 ? [] : [datagram]
        }
        handshake.run()
        #expect(handshake.isConnected)
        #expect(handshake.now > start)
        #expect(handshake.now < start + .seconds(1))
    }

    @Test func silenceEndsInATimeout() throws {
        let handshake = try Handshake { _, _, _ in [] }
        handshake.run()
        #expect(handshake.failures == [.client: .timedOut, .server: .timedOut])
        #expect(handshake.now == .zero + .seconds(30))
        #expect(handshake.datagramCount < 20, "waits double")
    }
}
