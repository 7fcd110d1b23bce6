internal import Conference
internal import RTP

/// How the headers of packets to one receiver look: which extensions it understands, under which ids.
struct HeaderLayout {
    /// Extension ids, 0 where the receiver does not want the extension. One-byte form (RFC 8285 §4.2), so 1...14.
    private let transportSequence: UInt8
    private let audioLevel: UInt8
    private let orientation: UInt8

    /// Bytes of the longest header written: fixed part, extension header, and 3 + 2 + 2 bytes of elements padded.
    static let longest = 12 + 4 + 8

    init(_ map: HeaderExtensionMap) {
        func id(_ kind: HeaderExtension) -> UInt8 {
            guard let id = map.id(for: kind), id < 15 else { return 0 }
            return id
        }
        transportSequence = id(.transportSequence)
        audioLevel = id(.audioLevel)
        orientation = id(.videoOrientation)
    }

    /// Whether every packet takes a transport-wide sequence number.
    var numbersPackets: Bool { transportSequence != 0 }

    /// Writes the header of `packet` at `out`, where `longest` bytes must be free; returns its length.
    @inline(__always)
    func write(_ packet: ForwardedPacket, transportSequence number: UInt16, to out: UnsafeMutableRawPointer) -> Int {
        out.storeBytes(
            of: packet.marker ? packet.payloadType | 0x80 : packet.payloadType, toByteOffset: 1, as: UInt8.self)
        out.storeBytes(of: packet.sequence.bigEndian, toByteOffset: 2, as: UInt16.self)
        out.storeBytes(of: packet.timestamp.bigEndian, toByteOffset: 4, as: UInt32.self)
        out.storeBytes(of: packet.ssrc.bigEndian, toByteOffset: 8, as: UInt32.self)
        var end = 16
        if transportSequence != 0 {
            out.storeBytes(of: transportSequence << 4 | 1, toByteOffset: end, as: UInt8.self)
            out.storeBytes(of: number.bigEndian, toByteOffset: end + 1, as: UInt16.self)
            end += 3
        }
        if audioLevel != 0, let level = packet.audioLevel {
            out.storeBytes(of: audioLevel << 4, toByteOffset: end, as: UInt8.self)
            out.storeBytes(of: level, toByteOffset: end + 1, as: UInt8.self)
            end += 2
        }
        if orientation != 0, let value = packet.orientation {
            out.storeBytes(of: orientation << 4, toByteOffset: end, as: UInt8.self)
            out.storeBytes(of: value, toByteOffset: end + 1, as: UInt8.self)
            end += 2
        }
        guard end > 16 else {
            out.storeBytes(of: packet.isPadding ? 0xa0 : 0x80, as: UInt8.self)
            return 12
        }
        out.storeBytes(of: packet.isPadding ? 0xb0 : 0x90, as: UInt8.self)
        while end & 3 != 0 {
            out.storeBytes(of: 0, toByteOffset: end, as: UInt8.self)
            end += 1
        }
        out.storeBytes(of: UInt16(0xbede).bigEndian, toByteOffset: 12, as: UInt16.self)
        out.storeBytes(of: UInt16(truncatingIfNeeded: (end - 16) / 4).bigEndian, toByteOffset: 14, as: UInt16.self)
        return end
    }
}
