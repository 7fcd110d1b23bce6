import ClientTransport
import DTLS
import ICE
import ProtocolCore
import SDP
import Testing

/// Hundreds of clients in one process, as the load tool has them.
@Suite struct ManySessionsTests {
    @Test func shareIdentityAndBuffer() throws {
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        let server = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var datagrams = DatagramBuffer()
        var offers: Set<String> = []
        for number in 0..<350 {
            var session = ClientSession(
                ClientSession.Configuration(
                    identity: identity, ice: .random(),
                    localEndpoints: [SocketEndpoint(ipv4: 0xc000_0201, port: UInt16(5000 + number))],
                    seed: UInt64(number), canonicalName: "client-\(number)"))
            let lines = ClientLine.usual()
            let offer = session.offer(lines).description
            offers.insert(offer)
            var answerer = VirtualServer(identity: server)
            let answer = try answerer.answer(
                offer, purposes: Dictionary(uniqueKeysWithValues: lines.map { ($0.mid, $0.purpose) }))
            try session.accept(answer, now: .zero, into: &datagrams)
            // The first connectivity check of each, in the one buffer.
            #expect(datagrams.count == number + 1)
        }
        #expect(offers.count == 350)
        #expect(datagrams.byteCount < 350 * 200)
    }
}
