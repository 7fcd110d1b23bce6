internal import ProtocolCore

/// The byte stream format of H.264: NAL units with start codes between them (ITU-T H.264 annex B).
public enum H264AnnexB {
    /// What stands before each NAL unit that is written here.
    public static let startCode: [UInt8] = [0, 0, 0, 1]

    /// Where the NAL units lie in the stream, without start codes and without the zero bytes that may stand around them.
    ///
    /// Bytes before the first start code are left out, and so are empty units.
    public static func nalUnits(in stream: RawSpan) -> [Range<Int>] {
        var units: [Range<Int>] = []
        findNALUnits(in: stream, appendingTo: &units)
        return units
    }

    /// The same, into an array that keeps its room for the next access unit.
    public static func findNALUnits(in stream: RawSpan, appendingTo units: inout [Range<Int>]) {
        stream.withUnsafeBytes { bytes in
            var start: Int?
            var index = 0
            while index + 2 < bytes.count {
                // Looking at the third byte first passes over most of a stream in steps of three.
                if bytes[index + 2] > 1 {
                    index += 3
                } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                    if let start { append(start..<index, of: bytes, to: &units) }
                    index += 3
                    start = index
                } else {
                    index += 1
                }
            }
            if let start { append(start..<bytes.count, of: bytes, to: &units) }
        }
    }

    /// Appends a start code and the NAL unit.
    public static func append(_ unit: RawSpan, to stream: inout [UInt8]) {
        stream.append(contentsOf: startCode)
        unit.withUnsafeBytes { stream.append(contentsOf: $0) }
    }

    private static func append(_ range: Range<Int>, of bytes: UnsafeRawBufferPointer, to units: inout [Range<Int>]) {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] == 0 { end -= 1 }
        if end > range.lowerBound { units.append(range.lowerBound..<end) }
    }
}
