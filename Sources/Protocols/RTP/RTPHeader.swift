public import ProtocolCore

/// The header of one RTP packet (RFC 3550 §5.1), read without copying: fields by value, the rest as offsets.
///
/// The header of an SRTP packet is in the clear, so it is parsed before decryption. Padding is not: ask
/// `paddingLength(of:)` afterwards.
@frozen
public struct RTPHeader: Sendable, Equatable {
    /// The length of the header without contributing sources and extension, in bytes.
    public static let fixedLength = 12

    /// Marks an event that the payload format defines: the last packet of a video frame, the first after silence.
    public var marker: Bool
    /// Names the payload format, as negotiated.
    public var payloadType: PayloadType
    /// Counts the packets of the stream.
    public var sequenceNumber: SequenceNumber
    /// When the first sample of the payload was taken.
    public var timestamp: RTPTimestamp
    /// The stream that the packet belongs to.
    public var ssrc: SSRC
    /// The number of contributing sources, 0...15.
    public var csrcCount: Int
    /// The length of the whole header in bytes: fixed part, contributing sources, extension. The payload begins here.
    public var headerLength: Int
    /// The "defined by profile" field of the extension: 0xBEDE, 0x1000...0x100F (RFC 8285), or 0 without an extension.
    public var extensionProfile: UInt16
    /// Where the extension's elements begin (after its four-byte head), in bytes from the packet's start; 0 without.
    public var extensionOffset: Int
    /// The length of the extension's elements in bytes, a multiple of 4.
    public var extensionLength: Int
    /// Whether the last payload bytes are padding.
    public var hasPadding: Bool

    /// Reads the header at the start of `packet`.
    ///
    /// - Throws: `.truncated` when the packet ends inside its header, `.malformed` when the version is not 2.
    @inlinable
    public init(parsing packet: RawSpan) throws(ParseError) {
        guard packet.byteCount >= RTPHeader.fixedLength else { throw .truncated }
        let first = try packet.uint8(at: 0)
        guard first >> 6 == 2 else { throw .malformed("RTP version") }
        let second = try packet.uint8(at: 1)
        hasPadding = first & 0x20 != 0
        csrcCount = Int(first & 0x0f)
        marker = second & 0x80 != 0
        payloadType = PayloadType(second)
        sequenceNumber = SequenceNumber(try packet.uint16(at: 2))
        timestamp = RTPTimestamp(try packet.uint32(at: 4))
        ssrc = SSRC(try packet.uint32(at: 8))
        var length = RTPHeader.fixedLength + csrcCount * 4
        if first & 0x10 != 0 {
            extensionProfile = try packet.uint16(at: length)
            extensionLength = Int(try packet.uint16(at: length + 2)) * 4
            extensionOffset = length + 4
            length = extensionOffset + extensionLength
        } else {
            extensionProfile = 0
            extensionLength = 0
            extensionOffset = 0
        }
        guard length <= packet.byteCount else { throw .truncated }
        headerLength = length
    }

    /// The number of padding bytes at the end of a decrypted payload whose header has `hasPadding`, 1...255.
    ///
    /// - Throws: `.truncated` for an empty payload, `.malformed` for a count of zero or above the payload's length.
    @inlinable
    public static func paddingLength(of payload: RawSpan) throws(ParseError) -> Int {
        let count = Int(try payload.uint8(at: payload.byteCount - 1))
        guard count > 0, count <= payload.byteCount else { throw .malformed("RTP padding length") }
        return count
    }

    /// Writes a fixed header without contributing sources.
    ///
    /// With `hasExtension` an extension block (see `HeaderExtensionWriter`) must follow it.
    /// - Returns: `fixedLength`, or nil, with nothing written, when `capacity` is smaller.
    @inlinable
    public static func write(
        marker: Bool, payloadType: PayloadType, sequenceNumber: SequenceNumber, timestamp: RTPTimestamp, ssrc: SSRC,
        hasExtension: Bool = false, hasPadding: Bool = false, into pointer: UnsafeMutableRawPointer, capacity: Int
    ) -> Int? {
        guard capacity >= fixedLength else { return nil }
        let first: UInt8 = 0x80 | (hasPadding ? 0x20 : 0) | (hasExtension ? 0x10 : 0)
        pointer.storeBytes(of: first, as: UInt8.self)
        pointer.storeBytes(of: payloadType.rawValue | (marker ? 0x80 : 0), toByteOffset: 1, as: UInt8.self)
        pointer.storeBytes(of: sequenceNumber.rawValue.bigEndian, toByteOffset: 2, as: UInt16.self)
        pointer.storeBytes(of: timestamp.rawValue.bigEndian, toByteOffset: 4, as: UInt32.self)
        pointer.storeBytes(of: ssrc.rawValue.bigEndian, toByteOffset: 8, as: UInt32.self)
        return fixedLength
    }
}
