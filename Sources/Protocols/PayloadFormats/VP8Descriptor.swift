public import ProtocolCore

/// The payload descriptor before each VP8 RTP payload (RFC 7741 §4.2), with the offsets of what a forwarder rewrites.
@frozen
public struct VP8Descriptor: Hashable, Sendable {
    /// Whether no later frame refers to this one (N).
    public var isNonReference: Bool
    /// Whether a partition of the frame begins in this packet (S).
    public var startsPartition: Bool
    /// The partition that the payload begins with (PID), 0...7.
    public var partitionIndex: UInt8
    /// The frame's number, 7 or 15 bits; nil when absent.
    public var pictureID: UInt16?
    /// Where the picture id lies in the payload; 0 when absent.
    public var pictureIDOffset: Int
    /// Whether the picture id has 15 bits in two bytes.
    public var isLongPictureID: Bool
    /// The number of the last frame of temporal layer 0; nil when absent.
    public var tl0PictureIndex: UInt8?
    /// Where `tl0PictureIndex` lies in the payload; 0 when absent.
    public var tl0PictureIndexOffset: Int
    /// The frame's temporal layer (TID), 0...3; nil when absent.
    public var temporalID: UInt8?
    /// Whether the frame refers to layer 0 only, so that a receiver may move up to this layer here (Y).
    public var isLayerSync: Bool
    /// The last keyframe's number (KEYIDX), 0...31; nil when absent.
    public var keyIndex: UInt8?
    /// Where the byte with temporal id, layer sync and key index lies in the payload; 0 when absent.
    public var temporalOffset: Int
    /// The descriptor's length in bytes; VP8 data begins here.
    public var length: Int

    /// Reads the descriptor at the start of `payload`.
    @inlinable
    public init(parsing payload: RawSpan) throws(ParseError) {
        let first = try payload.uint8(at: 0)
        isNonReference = first & 0x20 != 0
        startsPartition = first & 0x10 != 0
        partitionIndex = first & 0x07
        pictureID = nil
        pictureIDOffset = 0
        isLongPictureID = false
        tl0PictureIndex = nil
        tl0PictureIndexOffset = 0
        temporalID = nil
        isLayerSync = false
        keyIndex = nil
        temporalOffset = 0
        length = 1
        guard first & 0x80 != 0 else { return }

        let extended = try payload.uint8(at: 1)
        var offset = 2
        if extended & 0x80 != 0 {
            let high = try payload.uint8(at: offset)
            pictureIDOffset = offset
            if high & 0x80 != 0 {
                isLongPictureID = true
                pictureID = try payload.uint16(at: offset) & 0x7fff
                offset += 2
            } else {
                pictureID = UInt16(high)
                offset += 1
            }
        }
        if extended & 0x40 != 0 {
            tl0PictureIndex = try payload.uint8(at: offset)
            tl0PictureIndexOffset = offset
            offset += 1
        }
        if extended & 0x30 != 0 {
            let layer = try payload.uint8(at: offset)
            temporalOffset = offset
            if extended & 0x20 != 0 {
                temporalID = layer >> 6
                isLayerSync = layer & 0x20 != 0
            }
            if extended & 0x10 != 0 {
                keyIndex = layer & 0x1f
            }
            offset += 1
        }
        length = offset
    }

    /// Replaces the picture id and the layer 0 index of a copy of the payload that this descriptor was read from.
    ///
    /// A field that the descriptor lacks is left alone; a 7-bit picture id takes the low seven bits.
    /// - Returns: false, with nothing written, when `capacity` is below the descriptor's length.
    @inlinable
    public func rewrite(
        pictureID newPictureID: UInt16, tl0PictureIndex newIndex: UInt8, in payload: UnsafeMutableRawPointer,
        capacity: Int
    ) -> Bool {
        guard capacity >= length else { return false }
        if pictureIDOffset > 0 {
            if isLongPictureID {
                let value = (newPictureID | 0x8000).bigEndian
                payload.storeBytes(of: value, toByteOffset: pictureIDOffset, as: UInt16.self)
            } else {
                let value = UInt8(truncatingIfNeeded: newPictureID) & 0x7f
                payload.storeBytes(of: value, toByteOffset: pictureIDOffset, as: UInt8.self)
            }
        }
        if tl0PictureIndexOffset > 0 {
            payload.storeBytes(of: newIndex, toByteOffset: tl0PictureIndexOffset, as: UInt8.self)
        }
        return true
    }
}

/// What a forwarder must know of a VP8 RTP payload (RFC 7741).
public enum VP8Payload {
    /// Whether a keyframe begins in this payload: it starts partition 0, and the frame header's inverse key frame flag
    /// is 0 (RFC 7741 §4.3). False for a payload that is broken or holds nothing after its descriptor.
    @inlinable
    public static func startsKeyframe(_ payload: RawSpan) -> Bool {
        guard let descriptor = try? VP8Descriptor(parsing: payload), descriptor.startsPartition,
            descriptor.partitionIndex == 0, let header = try? payload.uint8(at: descriptor.length)
        else { return false }
        return header & 0x01 == 0
    }
}
