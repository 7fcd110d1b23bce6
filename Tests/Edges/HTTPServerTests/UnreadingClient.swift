import NIOCore
import NIOPosix

/// A client that reads nothing, so that all buffers on the way to it fill.
struct UnreadingClient: Sendable {
    private let channel: any Channel

    init(port: Int) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) throws {
        if !text.isEmpty { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    }

    func close() { channel.close(promise: nil) }
}
