import Foundation
import NIOCore
import NIOPosix

/// A WebSocket client that writes its bytes itself, so that it can also write wrong ones.
enum SocketClient {
    struct Frame: Equatable {
        var opcode: UInt8
        var payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Code and reason of a close frame.
        var closing: String {
            guard payload.count >= 2 else { return "" }
            return "\(Int(payload[0]) << 8 | Int(payload[1])) \(String(decoding: payload[2...], as: UTF8.self))"
        }
    }

    /// Connects, runs `body` and closes.
    static func with<Result>(
        port: Int, _ body: (inout Session) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var session = Session(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&session)
        }
    }

    struct Session {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        var received = ByteBuffer()

        mutating func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// Waits for more bytes; false when the server has closed.
        mutating func receive() async throws -> Bool {
            guard let more = try await inbound.next() else { return false }
            received.writeImmutableBuffer(more)
            return true
        }

        /// The head of an HTTP answer, with its body left to read.
        mutating func head() async throws -> String {
            while true {
                let text = String(buffer: received)
                if let end = text.range(of: "\r\n\r\n") {
                    let head = String(text[..<end.upperBound])
                    received.moveReaderIndex(forwardBy: head.utf8.count)
                    return head
                }
                guard try await receive() else { return text }
            }
        }

        /// Everything that comes until the server closes; a reset is an end, too.
        mutating func rest() async -> String {
            while (try? await receive()) == true {}
            return String(buffer: received)
        }

        /// The status of each answer until the server closes. Bodies do not look like status lines.
        mutating func statuses() async -> [Int] {
            await rest().components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
        }

        /// The body of an answer whose head is known to have a Content-Length.
        mutating func body(after head: String) async throws -> String {
            let line = head.lowercased().components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
            let length = line.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
            while received.readableBytes < length { guard try await receive() else { break } }
            return received.readString(length: min(length, received.readableBytes)) ?? ""
        }

        mutating func upgrade(path: String, headers: [String] = []) async throws -> String {
            let lines = [
                "GET \(path) HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
            ]
            try await send((lines + headers).joined(separator: "\r\n") + "\r\n\r\n")
            return try await head()
        }

        /// Writes a masked frame.
        mutating func write(
            opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true
        ) async throws {
            var buffer = ByteBuffer()
            buffer.writeInteger((isFinal ? 0x80 : 0) | opcode)
            let flag: UInt8 = isMasked ? 0x80 : 0
            switch payload.count {
            case ..<126: buffer.writeInteger(flag | UInt8(payload.count))
            case ..<65536:
                buffer.writeInteger(flag | 126)
                buffer.writeInteger(UInt16(payload.count))
            default:
                buffer.writeInteger(flag | 127)
                buffer.writeInteger(UInt64(payload.count))
            }
            // A mask of zeros leaves the payload as it is.
            if isMasked { buffer.writeInteger(UInt32(0)) }
            buffer.writeBytes(payload)
            try await outbound.write(buffer)
        }

        mutating func write(_ text: String) async throws { try await write(opcode: 1, Array(text.utf8)) }

        /// The next frame, or nil when the server has closed.
        mutating func frame() async throws -> Frame? {
            while true {
                var copy = received
                if let first = copy.readInteger(as: UInt8.self), let second = copy.readInteger(as: UInt8.self) {
                    var length: Int? = Int(second & 0x7F)
                    if length == 126 { length = copy.readInteger(as: UInt16.self).map(Int.init) }
                    if length == 127 { length = copy.readInteger(as: UInt64.self).map(Int.init) }
                    if let length, let payload = copy.readBytes(length: length) {
                        received = copy
                        return Frame(opcode: first & 0x0F, payload: payload)
                    }
                }
                guard try await receive() else { return nil }
            }
        }
    }
}
