import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

@Suite struct DiscardedBytesTests {
    /// Counts what is asked of the network.
    private final class Network: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var reads = 0

        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    @Test func whatIsThrownAwayIsRationed() throws {
        for phase in [ConnectionDeadlines.Phase.leftover, .lingering] {
            var limits = HTTPLimits()
            limits.discardedBytes = 10_000
            let channel = EmbeddedChannel()
            let network = Network()
            let watch = ConnectionWatch(limits: limits, socket: SocketEnd())
            try channel.pipeline.syncOperations.addHandlers([network, watch])
            watch.enter(phase)
            for _ in 0..<100 {
                let before = network.reads
                channel.read()
                guard network.reads > before else { break }
                try channel.writeInbound(ByteBuffer(repeating: 0, count: 1000))
            }
            #expect(network.reads == 10)
            // The next request of the connection, after a body that was taken to its end, is read as ever.
            watch.enter(.idle)
            channel.read()
            #expect(network.reads == 11)
        }
    }
}
