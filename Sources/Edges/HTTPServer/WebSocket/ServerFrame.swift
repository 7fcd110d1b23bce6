import NIOCore

/// Writes frames as a server does: whole and without a mask (RFC 6455 section 5.1).
enum ServerFrame {
    /// The most bytes of UTF-8 that the reason of a close frame has.
    static let longestReason = 123

    static func text(_ text: String, allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = head(.text, payloadLength: text.utf8.count, allocator: allocator)
        buffer.writeString(text)
        return buffer
    }

    static func control(
        _ opcode: WebSocketOpcode, _ payload: [UInt8] = [], allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = head(opcode, payloadLength: payload.count, allocator: allocator)
        buffer.writeBytes(payload)
        return buffer
    }

    /// - Parameter reason: Shortened at a character's border to ``longestReason``.
    static func close(code: UInt16?, reason: String = "", allocator: ByteBufferAllocator) -> ByteBuffer {
        guard let code else { return control(.close, allocator: allocator) }
        var shortened = reason
        while shortened.utf8.count > longestReason { shortened.removeLast() }
        return control(.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(shortened.utf8), allocator: allocator)
    }

    private static func head(
        _ opcode: WebSocketOpcode, payloadLength: Int, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: payloadLength + 10)
        buffer.writeInteger(0x80 | opcode.rawValue)
        switch payloadLength {
        case ..<126: buffer.writeInteger(UInt8(payloadLength))
        case ..<65536:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(payloadLength))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(payloadLength))
        }
        return buffer
    }
}
