internal import PayloadFormats
internal import ProtocolCore

/// How many H.264 parameter sets are kept of one layer.
public enum ParameterSetBounds {
    /// Several sequence sets with the picture sets of a few encoders.
    public static let count = 16
    /// Bytes of all of them with their lengths, so that they go in one packet.
    public static let size = 1200
}

/// The H.264 parameter sets of one layer, as its publisher sent them last, so that whoever comes later gets them too.
///
/// They lie in one buffer as a STAP-A payload (RFC 6184 §5.7.1), ready to be sent before the slice that needs them. The
/// buffer is exchanged when a set changes, since packets that point into the old one may wait to be flushed.
struct ParameterSetStore {

    private struct Entry {
        var id = H264ParameterSetID.sequence(0)
        /// Where the unit lies in the buffer.
        var offset: UInt16 = 0
        var length: UInt16 = 0
    }

    private var entries = InlineArray<16, Entry>(repeating: Entry())
    private var entryCount = 0
    private var buffer: UnsafeMutableRawPointer?
    private var length = 0
    /// How often all were forgotten because there were too many, or they were too large.
    private(set) var overflows: UInt64 = 0

    /// Header byte of a STAP-A: the highest importance, type 24.
    private static let stapHeader: UInt8 = 0x78

    var isEmpty: Bool { entryCount == 0 }

    /// All of them as one payload; nil while there are none. Valid until the next flush.
    var payload: (bytes: UnsafeRawPointer, length: Int)? {
        guard entryCount > 0, let buffer else { return nil }
        return (UnsafeRawPointer(buffer), length)
    }

    /// Takes the parameter sets that are whole in a payload.
    @inline(never)
    mutating func take(_ payload: RawSpan, buffers: inout PacketBuffers) {
        // A closure cannot hold on to the buffers, so the units are gone through here.
        var offset = 0
        var isAggregate = false
        if let header = try? payload.uint8(at: 0), header & 0x1f == 24 { (offset, isAggregate) = (1, true) }
        while offset < payload.byteCount {
            var end = payload.byteCount
            if isAggregate {
                guard let size = try? payload.uint16(at: offset) else { return }
                offset += 2
                end = offset + Int(size)
                guard size > 0, end <= payload.byteCount else { return }
            }
            let unit = payload.extracting(offset..<end)
            if let id = H264ParameterSetID(of: unit) { keep(unit, id, buffers: &buffers) }
            offset = end
        }
    }

    private mutating func keep(_ unit: RawSpan, _ id: H264ParameterSetID, buffers: inout PacketBuffers) {
        let present = (0..<entryCount).first { Self.isSame(entries[$0].id, id) }
        if let present, entries[present].id == id, isEqual(entries[present], unit) { return }
        let before = present.map { Int(entries[$0].length) + 2 } ?? 0
        let isTooMuch =
            max(length, 1) - before + unit.byteCount + 2 > ParameterSetBounds.size
            || (present == nil && entryCount == ParameterSetBounds.count)
        if isTooMuch {
            overflows += 1
            entryCount = 0
            guard unit.byteCount + 3 <= ParameterSetBounds.size else { return }
        }
        rebuild(with: unit, id, buffers: &buffers)
    }

    /// Writes all sets anew, those of sequences first, with `unit` in the place of the one of its number.
    private mutating func rebuild(with unit: RawSpan, _ id: H264ParameterSetID, buffers: inout PacketBuffers) {
        let new = buffers.take()
        new.storeBytes(of: Self.stapHeader, as: UInt8.self)
        var end = 1
        var kept = InlineArray<16, Entry>(repeating: Entry())
        var count = 0
        func write(_ bytes: UnsafeRawBufferPointer, _ id: H264ParameterSetID) {
            new.storeBytes(of: UInt16(truncatingIfNeeded: bytes.count).bigEndian, toByteOffset: end, as: UInt16.self)
            if let base = bytes.baseAddress { (new + end + 2).copyMemory(from: base, byteCount: bytes.count) }
            kept[count] = Entry(
                id: id, offset: UInt16(truncatingIfNeeded: end + 2), length: UInt16(truncatingIfNeeded: bytes.count))
            count += 1
            end += 2 + bytes.count
        }
        for wantsSequences in [true, false] {
            for index in 0..<entryCount
            where Self.isSequence(entries[index].id) == wantsSequences && !Self.isSame(entries[index].id, id) {
                guard let buffer else { continue }
                write(
                    UnsafeRawBufferPointer(
                        start: buffer + Int(entries[index].offset), count: Int(entries[index].length)),
                    entries[index].id)
            }
            if Self.isSequence(id) == wantsSequences { unit.withUnsafeBytes { write($0, id) } }
        }
        if let buffer { buffers.give(buffer) }
        (buffer, length, entries, entryCount) = (new, end, kept, count)
    }

    /// Whether a picture set and the sequence set that it builds on are here.
    func knows(pictureSet number: Int) -> Bool {
        for index in 0..<entryCount {
            guard case .picture(number, let sequence) = entries[index].id else { continue }
            return (0..<entryCount).contains { entries[$0].id == .sequence(sequence) }
        }
        return false
    }

    /// Whether there is a sequence set with a picture set that builds on it.
    var isComplete: Bool {
        (0..<entryCount).contains { index in
            if case .picture(let number, _) = entries[index].id { knows(pictureSet: number) } else { false }
        }
    }

    mutating func release(to buffers: inout PacketBuffers) {
        if let buffer { buffers.give(buffer) }
        (buffer, length, entryCount) = (nil, 0, 0)
    }

    private func isEqual(_ entry: Entry, _ unit: RawSpan) -> Bool {
        guard let buffer, Int(entry.length) == unit.byteCount else { return false }
        let kept = UnsafeRawBufferPointer(start: buffer + Int(entry.offset), count: Int(entry.length))
        return unit.withUnsafeBytes { $0.elementsEqual(kept) }
    }

    /// Whether one takes the place of the other.
    private static func isSame(_ left: H264ParameterSetID, _ right: H264ParameterSetID) -> Bool {
        switch (left, right) {
        case (.sequence(let left), .sequence(let right)): left == right
        case (.picture(let left, _), .picture(let right, _)): left == right
        case (.sequence, .picture), (.picture, .sequence): false
        }
    }

    private static func isSequence(_ id: H264ParameterSetID) -> Bool {
        if case .sequence = id { true } else { false }
    }
}
