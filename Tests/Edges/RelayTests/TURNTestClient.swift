import Foundation
import NIOCore
import NIOPosix
import ProtocolCore
import STUN
import TURN

@testable import Relay

/// Packets of one kind of connection, in and out, awaited one at a time.
protocol PacketPipe {
    func send(_ packet: [UInt8]) async throws
    mutating func receive() async throws -> [UInt8]
}

struct PipeClosed: Error {}

/// A UDP socket of a test.
struct DatagramPipe: PacketPipe {
    let channel: any Channel
    let remote: SocketAddress?
    private var inbound: AsyncStream<AddressedEnvelope<ByteBuffer>>.Iterator

    init(to remote: SocketAddress?) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: AddressedEnvelope<ByteBuffer>.self)
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.remote = remote
        inbound = stream.makeAsyncIterator()
    }

    var port: UInt16 { UInt16(channel.localAddress?.port ?? 0) }

    func send(_ packet: [UInt8]) async throws {
        guard let remote else { throw PipeClosed() }
        try await send(packet, to: remote)
    }

    func send(_ packet: [UInt8], to remote: SocketAddress) async throws {
        try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: packet)))
    }

    mutating func receive() async throws -> [UInt8] {
        try await receiveWithSource().packet
    }

    mutating func receiveWithSource() async throws -> (packet: [UInt8], source: SocketAddress) {
        guard let envelope = await inbound.next() else { throw PipeClosed() }
        return (Array(buffer: envelope.data), envelope.remoteAddress)
    }
}

/// A TCP connection of a test whose frames are told apart by a function.
struct StreamPipe: PacketPipe {
    enum Framing {
        case turn
        case ice
    }

    let channel: any Channel
    let framing: Framing
    private var inbound: AsyncStream<ByteBuffer>.Iterator
    private var unread = ByteBuffer()

    init(port: Int, _ framing: Framing) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        self.framing = framing
        inbound = stream.makeAsyncIterator()
    }

    func send(_ packet: [UInt8]) async throws {
        var bytes = packet
        switch framing {
        case .turn: bytes += [UInt8](repeating: 0, count: ChannelNumber.padding(after: packet.count))
        case .ice: bytes = [UInt8(packet.count >> 8), UInt8(packet.count & 0xff)] + packet
        }
        try await sendRaw(bytes)
    }

    func sendRaw(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    mutating func receive() async throws -> [UInt8] {
        while true {
            let frame =
                switch framing {
                case .turn: try TURNStreamFraming.firstFrame(in: unread.readableBytesSpan)
                case .ice: try StreamPacketFraming.firstFrame(in: unread.readableBytesSpan)
                }
            if let frame, let bytes = unread.readBytes(length: frame.length) { return Array(bytes[frame.content]) }
            guard var more = await inbound.next() else { throw PipeClosed() }
            unread.writeBuffer(&more)
        }
    }
}

/// Hands what is read to a stream, which ends with the channel.
private final class Collector<Input: Sendable>: ChannelInboundHandler {
    typealias InboundIn = Input

    private let continuation: AsyncStream<Input>.Continuation

    init(_ continuation: AsyncStream<Input>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish()
    }
}

/// A client of the TURN server.
struct TURNTestClient<Pipe: PacketPipe> {
    var pipe: Pipe
    let credentials: TURNCredentials
    private var nonce: [UInt8] = []
    private var transaction: UInt64 = 0

    static var realm: String { "example.com" }
    static var secret: [UInt8] { Array("0123456789abcdef".utf8) }

    init(_ pipe: Pipe, user: String = "ada") {
        self.pipe = pipe
        credentials = TURNCredentials(
            user: user, expiringAt: Int64(Date().timeIntervalSince1970) + 600, secret: Self.secret)
    }

    struct Answer {
        let message: STUNMessage
        let attributes: TURNAttributes
        let bytes: [UInt8]
    }

    mutating func ask(
        _ method: STUNMessage.Method, _ fill: (inout STUNMessageBuilder, STUNMessage.TransactionID) -> Void
    ) async throws -> Answer {
        transaction += 1
        let id = STUNMessage.TransactionID(high: 1, low: transaction)
        var builder = STUNMessageBuilder(.request, method, transactionID: id)
        fill(&builder, id)
        var key: [UInt8]?
        if !nonce.isEmpty {
            builder.add(username: credentials.username)
            builder.add(.realm, Array(Self.realm.utf8))
            builder.add(.nonce, nonce)
            key = credentials.key(realm: Self.realm)
        }
        try await pipe.send(builder.finish(integrityKey: key))
        let bytes = try await pipe.receive()
        return Answer(
            message: try STUNMessage(parsing: bytes.span.bytes), attributes: TURNAttributes(of: bytes.span.bytes),
            bytes: bytes)
    }

    /// Gets an allocation; the answer may be an error.
    mutating func allocate(family: UInt8? = nil) async throws -> Answer {
        func fill(_ builder: inout STUNMessageBuilder, _: STUNMessage.TransactionID) {
            builder.add(.requestedTransport, [17, 0, 0, 0])
            if let family { builder.add(.requestedAddressFamily, [family, 0, 0, 0]) }
        }
        if nonce.isEmpty {
            let challenge = try await ask(.allocate, fill)
            nonce = challenge.attributes[.nonce].map { Array(challenge.bytes[$0]) } ?? []
        }
        return try await ask(.allocate, fill)
    }

    /// Shows that the credentials are good, and gets nothing for it.
    mutating func greet() async throws -> Answer {
        func fill(_ builder: inout STUNMessageBuilder, _: STUNMessage.TransactionID) {
            builder.add(.lifetime, [0, 0, 0, 0])
        }
        if nonce.isEmpty {
            let challenge = try await ask(.refresh, fill)
            nonce = challenge.attributes[.nonce].map { Array(challenge.bytes[$0]) } ?? []
        }
        return try await ask(.refresh, fill)
    }

    mutating func bind(_ number: UInt16, to peer: SocketEndpoint) async throws -> Answer {
        try await ask(.channelBind) { builder, id in
            builder.add(.channelNumber, [UInt8(number >> 8), UInt8(truncatingIfNeeded: number), 0, 0])
            builder.add(.xorPeerAddress, XORAddress.write(peer, for: id))
        }
    }

    func send(_ payload: [UInt8], on number: UInt16) async throws {
        try await pipe.send(
            [
                UInt8(number >> 8), UInt8(truncatingIfNeeded: number), UInt8(payload.count >> 8),
                UInt8(payload.count & 255),
            ]
                + payload)
    }
}

extension RelayLimits {
    /// The same without limits of time: nothing in the tests is about them, and a test may have to wait for its turn.
    var patient: RelayLimits {
        var limits = self
        limits.proofTimeout = .minutes(10)
        limits.idleTimeout = .minutes(10)
        return limits
    }
}
