internal import ProtocolCore

/// Puts the NAL units of one access unit together from RTP payloads (RFC 6184 §5.6 to §5.8).
struct H264Depacketizer {
    /// The bytes so far, in the byte stream format.
    private(set) var stream: [UInt8] = []
    private(set) var units: [Range<Int>] = []
    /// Whether a NAL unit in fragments has begun and not ended.
    private var isFragmented = false

    private static let startCode: [UInt8] = [0, 0, 0, 1]

    /// - Parameter capacity: The bytes for which room is made at once.
    init(capacity: Int = 0) {
        stream.reserveCapacity(capacity)
    }

    /// Whether the bytes are whole NAL units, at least one.
    var isComplete: Bool {
        !isFragmented && !units.isEmpty
    }

    /// Whether a slice of an IDR picture is among the NAL units.
    var hasIDRSlice: Bool {
        units.contains { stream[$0.lowerBound] & 0x1f == 5 }
    }

    /// Adds the next payload in order.
    ///
    /// - Throws: What is wrong with the payload, or with it after those before; the access unit is lost then.
    mutating func append(_ payload: RawSpan) throws(ParseError) {
        let header = try payload.uint8(at: 0)
        let type = header & 0x1f
        if type == 28 {
            return try appendFragment(payload, header: header)
        }
        guard !isFragmented else { throw .malformed("FU-A sequence") }
        switch type {
        case 1...23:
            begin(payload)
        case 24:
            var offset = 1
            while offset < payload.byteCount {
                let length = Int(try payload.uint16(at: offset))
                let start = offset + 2
                guard length > 0 else { throw .malformed("STAP-A unit length") }
                guard payload.byteCount - start >= length else { throw .truncated }
                begin(payload.extracting(start..<start + length))
                offset = start + length
            }
        default:
            throw .malformed("NAL unit type")
        }
    }

    private mutating func appendFragment(_ payload: RawSpan, header: UInt8) throws(ParseError) {
        let fragment = try payload.uint8(at: 1)
        let isStart = fragment & 0x80 != 0
        guard isStart != isFragmented else { throw .malformed("FU-A sequence") }
        if isStart {
            stream.append(contentsOf: Self.startCode)
            units.append(stream.count..<stream.count + 1)
            stream.append(header & 0xe0 | fragment & 0x1f)
        }
        payload.extracting(droppingFirst: 2).withUnsafeBytes { stream.append(contentsOf: $0) }
        if let last = units.indices.last { units[last] = units[last].lowerBound..<stream.count }
        isFragmented = fragment & 0x40 == 0
    }

    private mutating func begin(_ unit: RawSpan) {
        stream.append(contentsOf: Self.startCode)
        let start = stream.count
        unit.withUnsafeBytes { stream.append(contentsOf: $0) }
        units.append(start..<stream.count)
    }
}
