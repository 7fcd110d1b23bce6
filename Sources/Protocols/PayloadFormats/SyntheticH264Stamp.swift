public import ProtocolCore

/// What a slice of `SyntheticH264` says of itself, and the filler that follows from it.
///
/// All bytes have the top bit set, so that no start code appears in them.
public struct SyntheticH264Stamp: Hashable, Sendable {
    /// Counts the frames of a source from 0.
    public var number: UInt32
    /// When the source made the frame, on the source's time line.
    public var capturedAt: Instant

    /// Where the stamp lies in the slice: after the NAL unit header.
    static let offset = 1
    /// A mark of four bytes, then number (5), time (10) and the slice's length (5) in groups of seven bits.
    static let byteCount = 24
    private static let mark: UInt32 = 0xd3f7_e2c2

    public init(number: UInt32, capturedAt: Instant) {
        self.number = number
        self.capturedAt = capturedAt
    }

    /// Reads the stamp of a slice's NAL unit; nil for a NAL unit that is not a whole and unharmed slice of
    /// `SyntheticH264`.
    public init?(checking slice: RawSpan) {
        guard let header = try? slice.uint8(at: 0), header & 0x1f == 1 || header & 0x1f == 5,
            (try? slice.uint32(at: SyntheticH264Stamp.offset)) == SyntheticH264Stamp.mark,
            let number = SyntheticH264Stamp.read(5, at: 5, in: slice),
            let time = SyntheticH264Stamp.read(10, at: 10, in: slice),
            let length = SyntheticH264Stamp.read(5, at: 20, in: slice), length == UInt64(slice.byteCount)
        else { return nil }
        self.number = UInt32(truncatingIfNeeded: number)
        capturedAt = Instant(nanoseconds: Int64(bitPattern: time))
        guard SyntheticH264Stamp.isFiller(slice, of: self.number) else { return nil }
    }

    /// Reads the stamp of the slice in an access unit in the byte stream format; nil as for `init(checking:)`.
    public static func read(accessUnit: RawSpan) -> SyntheticH264Stamp? {
        for unit in H264AnnexB.nalUnits(in: accessUnit) {
            if let stamp = SyntheticH264Stamp(checking: accessUnit.extracting(unit)) { return stamp }
        }
        return nil
    }

    /// Appends the NAL unit of a slice with `size` bytes, at least `SyntheticH264.minimumSliceSize`.
    func appendSlice(header: UInt8, size: Int, to bytes: inout [UInt8]) {
        bytes.append(header)
        bytes.append(bigEndian: SyntheticH264Stamp.mark)
        SyntheticH264Stamp.append(UInt64(number), 5, to: &bytes)
        SyntheticH264Stamp.append(UInt64(bitPattern: capturedAt.nanoseconds), 10, to: &bytes)
        SyntheticH264Stamp.append(UInt64(size), 5, to: &bytes)
        var left = size - SyntheticH264Stamp.offset - SyntheticH264Stamp.byteCount
        var position = SyntheticH264Stamp.start(of: number)
        while left > 0 {
            let piece = min(left, SyntheticH264Stamp.filler.count - position)
            bytes.append(contentsOf: SyntheticH264Stamp.filler[position..<position + piece])
            left -= piece
            position = 0
        }
    }

    /// What all slices are filled from, going round. Its length is a prime, so that packets, whose lengths are not its
    /// multiples, cannot change places unnoticed.
    private static let filler: [UInt8] = {
        var random = SeededGenerator(seed: 264)
        return (0..<4093).map { _ in UInt8.random(in: 0x80...0xff, using: &random) }
    }()

    /// Where in `filler` a frame begins.
    private static func start(of frame: UInt32) -> Int {
        Int(frame &* 7919) % filler.count
    }

    private static func isFiller(_ slice: RawSpan, of frame: UInt32) -> Bool {
        slice.withUnsafeBytes { bytes in
            filler.withUnsafeBytes { filler in
                var offset = SyntheticH264Stamp.offset + byteCount
                var position = start(of: frame)
                while offset < bytes.count {
                    let piece = min(bytes.count - offset, filler.count - position)
                    let expected = UnsafeRawBufferPointer(rebasing: filler[position..<position + piece])
                    guard isEqual(expected, UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + piece]))
                    else { return false }
                    offset += piece
                    position = 0
                }
                return true
            }
        }
    }

    /// Compares as many bytes, eight at a time.
    private static func isEqual(_ expected: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let words = expected.count & ~7
        var difference: UInt64 = 0
        for offset in stride(from: 0, to: words, by: 8) {
            difference |=
                expected.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        for offset in words..<expected.count { difference |= UInt64(expected[offset] ^ bytes[offset]) }
        return difference == 0
    }

    private static func append(_ value: UInt64, _ groups: Int, to bytes: inout [UInt8]) {
        for group in (0..<groups).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(group * 7)) | 0x80)
        }
    }

    private static func read(_ groups: Int, at offset: Int, in slice: RawSpan) -> UInt64? {
        var value: UInt64 = 0
        for index in offset..<offset + groups {
            guard let byte = try? slice.uint8(at: index), byte & 0x80 != 0 else { return nil }
            value = value << 7 | UInt64(byte & 0x7f)
        }
        return value
    }
}
