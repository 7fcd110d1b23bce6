import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

/// A network that takes nothing until it is told to.
private final class StuckNetwork: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    var waiting: [(frame: [UInt8], promise: EventLoopPromise<Void>?)] = []
    var reads = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        waiting.append((Array(buffer: unwrapOutboundIn(data)), promise))
    }

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }

    func letOneGo() {
        waiting.removeFirst().promise?.succeed()
    }
}

@Suite struct WebSocketHandlerTests {
    private struct Connection {
        let channel = EmbeddedChannel()
        let network = StuckNetwork()
        let unsent = UnsentBytes()
        let inbox = MessageInbox(messageLimit: 4, byteLimit: 100)

        init(limits: WebSocketLimits = WebSocketLimits()) throws {
            let handler = WebSocketHandler(limits: limits, oversizeNotice: "too big", inbox: inbox, unsent: unsent)
            try channel.pipeline.syncOperations.addHandlers([network, handler])
        }

        func send(_ frames: [UInt8]) throws { try channel.writeInbound(ByteBuffer(bytes: frames)) }
    }

    @Test func onlyTheNewestPongWaits() throws {
        var limits = WebSocketLimits()
        limits.controlFrameBurst = 10_000
        let connection = try Connection(limits: limits)
        for number in 0..<1000 {
            let payload = [UInt8(number >> 8), UInt8(number & 0xFF)] + [UInt8](repeating: 7, count: 123)
            try connection.send(WebSocketReaderTests.frame(9, payload))
        }
        // One is on its way, and whatever was asked for, it is all that this side keeps.
        #expect(connection.network.waiting.count == 1)
        #expect(connection.unsent.count == 127 + UnsentBytes.frameOverhead)
        connection.network.letOneGo()
        #expect(connection.network.waiting.count == 1)
        #expect(connection.network.waiting.first?.frame.prefix(4) == [0x8A, 125, 3, 0xE7])
        connection.network.letOneGo()
        #expect(connection.network.waiting.isEmpty)
        #expect(connection.unsent.count == 0)
    }

    @Test func nothingIsReadFromAClientThatDoesNotRead() throws {
        let connection = try Connection()
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        let before = connection.network.reads
        connection.channel.read()
        connection.channel.read()
        #expect(connection.network.reads == before)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(connection.network.reads == before + 1)
    }

    @Test func aCloseIsHeardEvenWhenTheClientDoesNotRead() throws {
        let connection = try Connection()
        connection.channel.isWritable = false
        connection.channel.read()
        let before = connection.network.reads
        try connection.send(WebSocketReaderTests.frame(3))
        #expect(connection.network.reads == before + 1)
        #expect(connection.network.waiting.last?.frame[0] == 0x88)
    }

    @Test func controlFramesAreRationed() throws {
        var limits = WebSocketLimits()
        limits.controlFrameBurst = 5
        limits.controlFramesPerSecond = 1
        let connection = try Connection(limits: limits)
        for _ in 0..<5 { try connection.send(WebSocketReaderTests.frame(10)) }
        #expect(connection.network.waiting.isEmpty)
        try connection.send(WebSocketReaderTests.frame(10))
        #expect(connection.network.waiting.first?.frame.prefix(4) == [0x88, 30, 0x03, 0xF0])
    }

    @Test func whatFollowsTheCloseFrameIsRationed() throws {
        var limits = WebSocketLimits()
        limits.controlFrameBurst = 0
        limits.closingBytes = 1000
        let connection = try Connection(limits: limits)
        try connection.send(WebSocketReaderTests.frame(9))
        #expect(connection.network.waiting.first?.frame[0] == 0x88)
        let pong = WebSocketReaderTests.frame(10, [UInt8](repeating: 0, count: 92))
        for _ in 0..<20 {
            // Only what is asked for arrives.
            let before = connection.network.reads
            connection.channel.read()
            if connection.network.reads > before { try connection.send(pong) }
        }
        #expect(connection.network.reads == 11)
    }

    @Test func unreadMessagesAreBoundedByTheirBytes() throws {
        let connection = try Connection()
        try connection.send(WebSocketReaderTests.frame(1, [UInt8](repeating: 65, count: 60)))
        try connection.send(WebSocketReaderTests.frame(1, [UInt8](repeating: 65, count: 40)))
        #expect(connection.network.waiting.isEmpty)
        try connection.send(WebSocketReaderTests.frame(1, [65]))
        #expect(connection.network.waiting.first?.frame.dropFirst(2).prefix(2) == [0x03, 0xF0])
    }

    @Test func theRationComesBack() {
        var ration = FrameRation(burst: 3, perSecond: 2)
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let times: [Int64] = [0, 0, 0, 0, 499, 500, 501]
        let isTaken = times.map { ration.take(now: start + .milliseconds($0)) }
        #expect(isTaken == [true, true, true, false, false, true, false])
    }
}
