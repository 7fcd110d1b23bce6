internal import NIOCore
internal import ProtocolCore
internal import TURN

/// The UDP port of the TURN server: all its clients share one driver.
final class TURNDatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let surroundings: RelaySurroundings
    private var driver: RelayDriver?

    init(_ surroundings: RelaySurroundings) {
        self.surroundings = surroundings
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        let isIPv6 = channel.localAddress?.protocol == .inet6
        let driver = RelayDriver(surroundings, on: context.eventLoop) { frame, client in
            guard channel.isWritable else { return false }
            let address = SocketAddress(client.endpoint, onIPv6Socket: isIPv6)
            channel.write(AddressedEnvelope(remoteAddress: address, data: frame), promise: nil)
            return true
        } flush: {
            channel.flush()
        }
        driver.start()
        self.driver = driver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = envelope.remoteAddress.endpoint else { return }
        driver?.receive(envelope.data, from: TURNClient(source, over: .udp))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        driver?.readComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver?.stop()
        driver = nil
    }

    /// An answer that does not arrive may come back as an error; the port serves the other clients on.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
