public import ProtocolCore

/// What stands for a packet of Opus: a true table-of-contents byte (RFC 6716 §3.1), who sent it when, and filler that
/// follows from its number.
public struct SyntheticAudio: Hashable, Sendable {
    /// The media time in one packet.
    public static let frameDuration: Duration = .milliseconds(20)
    /// The bytes of one packet: 32 kbit/s.
    public static let byteCount = 80
    /// One frame of 20 ms, hybrid mode, fullband, mono.
    private static let tableOfContents: UInt8 = 0x78
    private static let headLength = 13

    /// Counts a source's packets from 0.
    public var number: UInt32
    /// When it was sent, with the source's mark.
    public var capturedAt: Instant

    public init(number: UInt32, capturedAt: Instant) {
        self.number = number
        self.capturedAt = capturedAt
    }

    public var payload: [UInt8] {
        var bytes: [UInt8] = [SyntheticAudio.tableOfContents]
        bytes.reserveCapacity(SyntheticAudio.byteCount)
        bytes.append(bigEndian: number)
        bytes.append(bigEndian: UInt64(bitPattern: capturedAt.nanoseconds))
        for position in bytes.count..<SyntheticAudio.byteCount { bytes.append(filler(position)) }
        return bytes
    }

    /// Reads a packet; nil when it is not whole and unharmed.
    public init?(checking payload: RawSpan) {
        guard payload.byteCount == SyntheticAudio.byteCount,
            (try? payload.uint8(at: 0)) == SyntheticAudio.tableOfContents,
            let number = try? payload.uint32(at: 1), let time = try? payload.uint64(at: 5)
        else { return nil }
        self.init(number: number, capturedAt: Instant(nanoseconds: Int64(bitPattern: time)))
        for position in SyntheticAudio.headLength..<SyntheticAudio.byteCount {
            guard (try? payload.uint8(at: position)) == filler(position) else { return nil }
        }
    }

    private func filler(_ position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: number &* 31 &+ UInt32(position) &* 7)
    }
}
