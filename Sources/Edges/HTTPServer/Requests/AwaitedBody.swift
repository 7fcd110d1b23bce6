import Hummingbird
import NIOCore

/// The body of a request whose client waits for `100 Continue`: it is asked for when somebody begins to read it
/// (RFC 9110 section 10.1.1). A request that is refused by its head alone never gets there.
struct AwaitedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let channel: any Channel

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let channel: any Channel
        var isAsked = false

        mutating func next() async throws -> ByteBuffer? {
            if !isAsked {
                isAsked = true
                try await channel.triggerUserOutboundEvent(BodyWanted()).get()
            }
            return try await body.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), channel: channel)
    }
}
