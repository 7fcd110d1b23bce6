internal import ProtocolCore

/// A parameter of a chunk, or a cause of an ERROR, which are laid out alike (RFC 9260 §3.2.1).
struct ChunkParameter: Hashable, Sendable {
    let type: ParameterType
    /// Where its value lies in the chunk.
    let value: Range<Int>

    /// All parameters of a chunk from `offset` on.
    static func list(in chunk: RawSpan, from offset: Int) throws(ParseError) -> [ChunkParameter] {
        var list: [ChunkParameter] = []
        var offset = offset
        while offset < chunk.byteCount {
            let type = ParameterType(rawValue: try chunk.uint16(at: offset))
            let length = Int(try chunk.uint16(at: offset + 2))
            guard length >= 4 else { throw .malformed("parameter length") }
            guard length <= chunk.byteCount - offset else { throw .truncated }
            list.append(ChunkParameter(type: type, value: offset + 4..<offset + length))
            offset += (length + 3) & ~3
        }
        return list
    }
}
