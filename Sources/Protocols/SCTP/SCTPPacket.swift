internal import ProtocolCore

/// Why a packet was not read.
enum PacketFailure: Error, Hashable, Sendable {
    case checksum
    case malformed(ParseError)
}

/// A packet that came in: its common header (RFC 9260 §3.1) and chunks.
struct SCTPPacket: Hashable, Sendable {
    static let headerSize = 12

    var sourcePort: UInt16
    var destinationPort: UInt16
    var tag: UInt32
    var chunks: [Chunk]

    /// Reads a whole packet; a packet with one malformed chunk counts for nothing.
    init(parsing bytes: RawSpan) throws(PacketFailure) {
        guard bytes.byteCount >= Self.headerSize else { throw .malformed(.truncated) }
        guard Self.hasValidChecksum(bytes) else { throw .checksum }
        do throws(ParseError) {
            sourcePort = try bytes.uint16(at: 0)
            destinationPort = try bytes.uint16(at: 2)
            tag = try bytes.uint32(at: 4)
            chunks = []
            var offset = Self.headerSize
            repeat {
                let length = Int(try bytes.uint16(at: offset + 2))
                guard length >= 4 else { throw ParseError.malformed("chunk length") }
                guard length <= bytes.byteCount - offset else { throw ParseError.truncated }
                chunks.append(try Chunk(parsing: bytes.extracting(offset..<offset + length)))
                offset += (length + 3) & ~3
            } while offset < bytes.byteCount
        } catch {
            throw .malformed(error)
        }
    }

    private static func hasValidChecksum(_ bytes: RawSpan) -> Bool {
        // Lowest byte first, unlike all other fields.
        guard let checksum = try? bytes.uint32(at: 8).byteSwapped else { return false }
        return checksum == CRC32c.checksum(ofPacket: bytes)
    }
}
