public import NIOCore

/// Another protocol that shares a listener with HTTP: told from it by the first bytes that a client sends, inside TLS
/// where there is TLS.
public struct ByteStreamProtocol: Sendable {
    /// What the first bytes say.
    public enum Recognition: Sendable {
        /// They are of this protocol.
        case recognized
        /// They are not.
        case foreign
        /// More of them are needed; at most ``longestLook``.
        case undecided
    }

    /// After so many bytes a connection that is still undecided is taken for HTTP.
    static let longestLook = 64

    /// The name of the protocol in TLS (RFC 7301), for example `stun.turn`.
    public var applicationProtocol: String
    /// Looks at the first bytes.
    public var recognize: @Sendable (ByteBuffer) -> Recognition
    /// Adds the protocol's handlers to a connection; called on its event loop. The first bytes are given to them
    /// afterwards.
    public var takeOver: @Sendable (any Channel) throws -> Void

    public init(
        applicationProtocol: String, recognize: @escaping @Sendable (ByteBuffer) -> Recognition,
        takeOver: @escaping @Sendable (any Channel) throws -> Void
    ) {
        self.applicationProtocol = applicationProtocol
        self.recognize = recognize
        self.takeOver = takeOver
    }
}

/// Holds back the first bytes of a connection until they say what it is to be, and then makes way.
final class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let streamProtocol: ByteStreamProtocol
    /// Builds the pipeline behind this handler.
    private let decide: (_ isStream: Bool) throws -> Void
    private let giveUp: (any Error) -> Void
    private var bytes = ByteBuffer()
    private var isDecided = false

    /// - Parameters:
    ///   - decide: Is told once whether the connection is of the other protocol.
    ///   - giveUp: Is told instead when the connection ends before that is known.
    init(
        _ streamProtocol: ByteStreamProtocol, decide: @escaping (_ isStream: Bool) throws -> Void,
        giveUp: @escaping (any Error) -> Void
    ) {
        self.streamProtocol = streamProtocol
        self.decide = decide
        self.giveUp = giveUp
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        var input = unwrapInboundIn(data)
        bytes.writeBuffer(&input)
        let isStream: Bool
        switch streamProtocol.recognize(bytes) {
        case .recognized: isStream = true
        case .foreign: isStream = false
        case .undecided:
            guard bytes.readableBytes >= ByteStreamProtocol.longestLook else { return }
            isStream = false
        }
        isDecided = true
        do {
            try decide(isStream)
        } catch {
            giveUp(error)
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDecided {
            isDecided = true
            giveUp(ChannelError.eof)
        }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that says nothing and ends has nothing to be told.
        if !isDecided, event as? ChannelEvent == .inputClosed {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !isDecided {
            isDecided = true
            giveUp(ChannelError.ioOnClosedChannel)
        }
    }
}
