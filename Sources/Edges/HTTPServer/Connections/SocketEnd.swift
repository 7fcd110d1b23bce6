import NIOCore

/// Ends a connection at its socket, below TLS. A TLS connection that ends in order waits for the client's last word,
/// which one that is up to no good never says.
final class SocketEnd: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func close() { context?.close(promise: nil) }
}
