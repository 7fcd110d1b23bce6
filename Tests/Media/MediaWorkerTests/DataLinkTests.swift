import DataChannels
import ProtocolCore
import SCTP
import SDP
import Testing

@testable import MediaWorker

@Suite("Data links")
struct DataLinkTests {
    @Test("Channels beyond what a peer may open are closed, and counted")
    func surplusChannels() throws {
        var now = Instant.zero
        let line = NegotiatedDataLine(mid: Mid("0"), remotePort: DataLine.port, remoteMaximumMessageSize: 65_536)
        var link = DataLink(line, isDTLSServer: true, seed: 1, now: now)
        var peer = DataChannelTransport(
            DataChannelConfiguration(role: .client, association: SCTPConfiguration(seed: 2)))
        peer.connect(now: now)
        for number in 0..<70 { _ = try peer.open(label: "\(number)", protocol: "", delivery: .ordered, now: now) }
        var packet: [UInt8] = []
        for _ in 0..<2_000 {
            now = now + .milliseconds(10)
            peer.advance(now: now)
            link.transport.advance(now: now)
            while peer.nextControlPacket(now: now, into: &packet) || peer.nextDataPacket(now: now, into: &packet) {
                link.transport.receive(packet.span.bytes, now: now)
            }
            while link.transport.nextControlPacket(now: now, into: &packet)
                || link.transport.nextDataPacket(now: now, into: &packet)
            {
                peer.receive(packet.span.bytes, now: now)
            }
            while peer.poll(now: now) != nil {}
            while link.transport.poll(now: now) != nil {}
        }
        #expect(link.refusedChunks == 6)
    }
}
