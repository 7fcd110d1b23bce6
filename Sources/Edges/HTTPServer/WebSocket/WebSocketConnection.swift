import NIOCore
import Synchronization

/// An open WebSocket connection with text messages in both directions.
public struct WebSocketConnection: Sendable {
    /// The client's messages in order. It ends when the connection is over, for whatever reason.
    public let messages: AsyncStream<String>
    /// The client's address and port as far as they are known, for logs. Behind a trusted proxy it is the address that
    /// the proxy names.
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

    /// Says that the client has proved who it is: the full ``WebSocketLimits`` hold from now on instead of those before
    /// login, and the connection no longer makes way for others when there are many.
    public func admit() { outlet.admit() }

    /// Sends a text message. Never waits: what the client has not read yet is queued, and a client that lets the queue
    /// outgrow its limit is closed with 4408. Messages after a close are dropped.
    public func send(_ text: String) { outlet.send(text) }

    /// Sends a close frame and ends the connection. Only the first close counts.
    ///
    /// - Parameter reason: At most 123 bytes of UTF-8 are sent.
    public func close(code: UInt16, reason: String) { outlet.close(code: code, reason: reason) }
}

/// What a connection keeps for a client that has not read it yet, counted from any thread.
final class UnsentBytes: Sendable {
    /// What a queued frame costs besides its bytes: its buffer, its place in the queue and its promise. Without it a
    /// flood of short messages would be far larger than its count.
    static let frameOverhead = 512

    private let bytes = Atomic<Int>(0)

    /// Adds a frame and gives back what is to be subtracted once it has left.
    func add(_ count: Int) -> Int {
        let cost = count + Self.frameOverhead
        bytes.add(cost, ordering: .relaxed)
        return cost
    }

    func subtract(_ cost: Int) { bytes.subtract(cost, ordering: .relaxed) }

    var count: Int { bytes.load(ordering: .relaxed) }
}

/// The way from any thread to the connection's event loop.
final class WebSocketOutlet: Sendable {
    private let eventLoop: any EventLoop
    private let handler: NIOLoopBound<WebSocketHandler>
    private let unsent: UnsentBytes
    private let unsentLimit: Int
    private let isFull = Atomic<Bool>(false)
    private let onAdmission: @Sendable () -> Void

    /// - Parameter onAdmission: Is told when the client has proved who it is; may be told more than once.
    init(
        eventLoop: any EventLoop, handler: WebSocketHandler, unsent: UnsentBytes, unsentLimit: Int,
        onAdmission: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.unsent = unsent
        self.unsentLimit = unsentLimit
        self.onAdmission = onAdmission
    }

    func admit() {
        onAdmission()
        eventLoop.execute { [self] in handler.value.admit() }
    }

    func send(_ text: String) {
        guard !isFull.load(ordering: .relaxed) else { return }
        let cost = unsent.add(text.utf8.count)
        guard unsent.count <= unsentLimit else {
            unsent.subtract(cost)
            guard !isFull.exchange(true, ordering: .relaxed) else { return }
            LimitName.unsentBytes.countHit()
            close(code: WebSocketHandler.tooSlowCode, reason: "the client reads too slowly")
            return
        }
        eventLoop.execute { [self] in
            let sent = eventLoop.makePromise(of: Void.self)
            sent.futureResult.whenComplete { [self] _ in unsent.subtract(cost) }
            handler.value.write(text: text, promise: sent)
        }
    }

    func close(code: UInt16, reason: String) {
        eventLoop.execute { [self] in handler.value.beginClose(code: code, reason: reason) }
    }
}
