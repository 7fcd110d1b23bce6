import NIOCore
import Synchronization

/// An open WebSocket connection with text messages in both directions.
public struct WebSocketConnection: Sendable {
    /// The client's messages in order. It ends when the connection is over, for whatever reason.
    public let messages: AsyncStream<String>
    /// The client's address and port, for logs.
    public let remoteAddress: String
    /// What the client calls itself, if it says so.
    public let userAgent: String?
    private let outlet: WebSocketOutlet

    init(messages: AsyncStream<String>, remoteAddress: String, userAgent: String?, outlet: WebSocketOutlet) {
        self.messages = messages
        self.remoteAddress = remoteAddress
        self.userAgent = userAgent
        self.outlet = outlet
    }

    /// Sends a text message. Never waits: what the client has not read yet is queued, and a client that lets the queue
    /// outgrow its limit is closed with 4408. Messages after a close are dropped.
    public func send(_ text: String) { outlet.send(text) }

    /// Sends a close frame and ends the connection. Only the first close counts.
    ///
    /// - Parameter reason: At most 123 bytes of UTF-8 are sent.
    public func close(code: UInt16, reason: String) { outlet.close(code: code, reason: reason) }
}

/// The way from any thread to the connection's event loop.
final class WebSocketOutlet: Sendable {
    private let eventLoop: any EventLoop
    private let handler: NIOLoopBound<WebSocketHandler>
    private let unsentLimit: Int
    private let unsentBytes = Atomic<Int>(0)

    init(eventLoop: any EventLoop, handler: WebSocketHandler, unsentLimit: Int) {
        self.eventLoop = eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.unsentLimit = unsentLimit
    }

    func send(_ text: String) {
        let size = text.utf8.count
        let queued = unsentBytes.add(size, ordering: .relaxed).newValue
        guard queued <= unsentLimit else {
            unsentBytes.subtract(size, ordering: .relaxed)
            close(code: WebSocketHandler.tooSlowCode, reason: "the client reads too slowly")
            return
        }
        eventLoop.execute { [self] in
            let sent = eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { [self] _ in
                _ = unsentBytes.subtract(size, ordering: .relaxed)
            }
            handler.value.write(text: text, promise: sent)
        }
    }

    func close(code: UInt16, reason: String) {
        eventLoop.execute { [self] in handler.value.beginClose(code: code, reason: reason) }
    }
}
