import NIOCore
import NIOHTTP1

/// The HTTP parser of a connection. SwiftNIO's stops for good after a request that names another protocol in `Upgrade`,
/// whether that is taken or not; this one goes on with a fresh one when it is told to.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private let limits: NIOHTTPDecoderLimitConfiguration
    private var parser: HTTPRequestDecoder
    private var isRenewed = false

    init(limits: HTTPLimits) {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.headerFieldBytes
        configuration.maxHeaderListSize = limits.headerBytes
        configuration.maxHeaderFieldCount = limits.headerFields
        self.limits = configuration
        parser = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: configuration)
    }

    /// Goes on after the request that has just ended, although it named another protocol.
    func renew() { isRenewed = true }

    func decoderAdded(context: ChannelHandlerContext) { parser.decoderAdded(context: context) }

    func decoderRemoved(context: ChannelHandlerContext) { parser.decoderRemoved(context: context) }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        var state = try parser.decode(context: context, buffer: &buffer)
        while isRenewed {
            isRenewed = false
            parser.decoderRemoved(context: context)
            parser = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
            parser.decoderAdded(context: context)
            if buffer.readableBytes > 0 { state = try parser.decode(context: context, buffer: &buffer) }
        }
        return state
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        while buffer.readableBytes > 0 {
            let before = buffer.readableBytes
            _ = try decode(context: context, buffer: &buffer)
            if buffer.readableBytes == before { break }
        }
        return try parser.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }
}
