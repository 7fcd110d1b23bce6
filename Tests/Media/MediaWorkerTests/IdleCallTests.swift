import DTLS
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import Testing

/// What a call costs in which nothing happens.
@Suite("Idle calls")
struct IdleCallTests {
    @Test("Three thousand calls that nobody has reached yet are looked at about once a second, not at every tick")
    func unreached() throws {
        var call = try SyntheticCall.make(peers: 1, videoSlots: 0)
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        for number in 0..<3000 {
            call.core.openConference("idle\(number)", seed: UInt64(number))
            try call.core.apply(
                SyntheticDescription.make(
                    number, local: SyntheticCall.credentials(10_000 + number), remote: call.peers[0].credentials,
                    fingerprint: identity.fingerprint, videoSlots: 1),
                participant: "p", conference: "idle\(number)", controlSSRC: SSRC(1), canonicalName: "server",
                now: call.now)
        }
        call.advance(.milliseconds(20))
        let before = call.core.looks
        call.advance(.seconds(10))
        let looks = call.core.looks - before
        // The call and its peer each once a second; at every tick it would be six million.
        #expect(looks <= 10 * 2 * 3000 + 2000)
        #expect(looks >= 9 * 2 * 3000)
    }

    @Test("A call whose people are connected and silent is looked at seldom, and is awake with the first packet")
    func silent() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 1)
        call.show(0, of: 1)
        call.advance(.seconds(2))
        let before = call.core.looks
        call.advance(.seconds(5))
        let looks = call.core.looks - before
        // Each peer five times a second and once for its link, the call ten times; at every tick it would be 1500.
        #expect(looks <= 5 * (2 * 6 + 10))
        [UInt8]([0x67, 0x42, 0xe0, 0x1f, 1, 2, 3]).withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.camera(0), payloadType: SyntheticDescription.h264, sequence: 1, timestamp: 0,
                payload: $0)
        }
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
        let awake = call.core.looks
        call.advance(.milliseconds(100))
        #expect(call.core.looks - awake >= 20)
    }
}
