internal import ProtocolCore

/// Cuts access units into RTP payloads of packetization mode 1 (RFC 6184 §5, §6.2).
///
/// A slice goes alone, or in fragments (FU-A) of nearly one size when it is too long. Neighbouring NAL units that are no
/// slices, such as parameter sets, share a payload (STAP-A) as far as they fit.
///
/// Call `begin` with an access unit, then `next` with the same bytes until it gives nil. Memory is kept between access
/// units, and no payload is allocated.
public struct H264Packetizer: Sendable {
    /// The smallest payload size that is worth cutting for; less is raised to it.
    public static let minimumPayloadSize = 64

    /// The most bytes in one payload, without RTP header, extensions and what encryption adds.
    public let maximumPayloadSize: Int

    private var units: [Range<Int>] = []
    private var nextUnit = 0
    /// How much of the next unit's bytes is in fragments already; 0 when it has not been begun.
    private var fragmented = 0

    /// - Parameter maximumPayloadSize: 64...65535; other values are brought into the range.
    public init(maximumPayloadSize: Int) {
        self.maximumPayloadSize = min(max(maximumPayloadSize, H264Packetizer.minimumPayloadSize), 65_535)
    }

    /// Whether nothing is left: asked after a payload, it tells the RTP marker bit (RFC 6184 §5.1).
    public var isAtEnd: Bool {
        nextUnit >= units.count
    }

    /// Begins an access unit in the byte stream format; the rest of the one before is forgotten.
    public mutating func begin(_ accessUnit: RawSpan) {
        units.removeAll(keepingCapacity: true)
        nextUnit = 0
        fragmented = 0
        H264AnnexB.findNALUnits(in: accessUnit, appendingTo: &units)
    }

    /// Writes the next payload.
    ///
    /// - Parameters:
    ///   - accessUnit: The bytes that `begin` got.
    ///   - buffer: At least `maximumPayloadSize` bytes.
    /// - Returns: The payload's length; nil at the end.
    public mutating func next(from accessUnit: RawSpan, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        precondition(buffer.count >= maximumPayloadSize, "a payload needs room")
        return accessUnit.withUnsafeBytes { bytes in write(bytes, buffer) }
    }

    /// All payloads of an access unit, each in an array of its own; for tests and cold paths.
    public static func payloads(of accessUnit: [UInt8], maximumPayloadSize: Int) -> [[UInt8]] {
        var packetizer = H264Packetizer(maximumPayloadSize: maximumPayloadSize)
        packetizer.begin(accessUnit.span.bytes)
        var payloads: [[UInt8]] = []
        while !packetizer.isAtEnd {
            payloads.append(
                [UInt8](unsafeUninitializedCapacity: packetizer.maximumPayloadSize) { buffer, count in
                    count =
                        packetizer.next(from: accessUnit.span.bytes, into: UnsafeMutableRawBufferPointer(buffer)) ?? 0
                })
        }
        return payloads
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard nextUnit < units.count else { return nil }
        let unit = units[nextUnit]
        precondition(unit.upperBound <= bytes.count, "the access unit is not the one that was begun")
        if unit.count > maximumPayloadSize { return writeFragment(of: unit, bytes, buffer) }
        let together = unitsToAggregate(bytes)
        if together > 1 { return writeAggregate(together, bytes, buffer) }
        nextUnit += 1
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[unit]))
        return unit.count
    }

    /// How many NAL units from the next on go into one payload: neighbours that are no slices.
    private func unitsToAggregate(_ bytes: UnsafeRawBufferPointer) -> Int {
        var size = 1
        var count = 0
        for unit in units[nextUnit...] {
            let type = bytes[unit.lowerBound] & 0x1f
            guard type > NALType.idrSlice else { break }
            size += 2 + unit.count
            guard size <= maximumPayloadSize else { break }
            count += 1
        }
        return count
    }

    /// STAP-A (RFC 6184 §5.7.1): its header has the largest importance of its units.
    private mutating func writeAggregate(
        _ count: Int, _ bytes: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var offset = 1
        var forbidden: UInt8 = 0
        var importance: UInt8 = 0
        for unit in units[nextUnit..<nextUnit + count] {
            let header = bytes[unit.lowerBound]
            forbidden |= header & 0x80
            importance = max(importance, header & 0x60)
            buffer.storeBytes(of: UInt16(unit.count).bigEndian, toByteOffset: offset, as: UInt16.self)
            UnsafeMutableRawBufferPointer(rebasing: buffer[(offset + 2)...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[unit]))
            offset += 2 + unit.count
        }
        buffer[0] = forbidden | importance | NALType.stapA
        nextUnit += count
        return offset
    }

    /// FU-A (RFC 6184 §5.8): the unit's own header byte is told by the two before each fragment.
    private mutating func writeFragment(
        of unit: Range<Int>, _ bytes: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let header = bytes[unit.lowerBound]
        let total = unit.count - 1
        let room = maximumPayloadSize - 2
        let fragments = (total - fragmented + room - 1) / room
        let length = (total - fragmented + fragments - 1) / fragments
        let start = unit.lowerBound + 1 + fragmented
        buffer[0] = header & 0xe0 | NALType.fuA
        buffer[1] = header & 0x1f | (fragmented == 0 ? 0x80 : 0) | (fragments == 1 ? 0x40 : 0)
        UnsafeMutableRawBufferPointer(rebasing: buffer[2...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
        fragmented += length
        if fragmented == total {
            nextUnit += 1
            fragmented = 0
        }
        return 2 + length
    }

    private typealias NALType = H264Payload.NALType
}
