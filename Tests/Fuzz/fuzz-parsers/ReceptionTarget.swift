import PayloadFormats
import ProtocolCore
import RTP
import Reception

/// The buffers of a receiver, driven by the input: packets in any order, at any time, of any content.
func testReception(_ input: RawSpan) {
    input.withUnsafeBytes { bytes in
        guard let mode = bytes.first else { return }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
        if mode & 1 == 0 { audio(rest) } else { video(rest) }
    }
}

private func audio(_ input: UnsafeRawBufferPointer) {
    var buffer = AudioJitterBuffer()
    var offset = 0
    var now = Instant.zero
    var sequence: UInt16 = 0
    var timestamp: UInt32 = 0
    while offset + 6 <= input.count {
        now = now + .milliseconds(Int(input[offset + 1]))
        let op = input[offset]
        sequence &+= op & 1 == 0 ? 1 : UInt16(input[offset + 2]) &* 257
        timestamp &+= op & 2 == 0 ? 960 : UInt32(input[offset + 3]) &* 16_843_009
        let length = min(Int(input[offset + 4] & 31), input.count - offset - 5)
        let payload = UnsafeRawBufferPointer(rebasing: input[(offset + 5)..<(offset + 5 + length)])
        if op & 4 == 0 {
            buffer.insert(
                sequence: SequenceNumber(sequence), timestamp: RTPTimestamp(timestamp), payload: payload.bytes,
                arrival: now)
        } else {
            buffer.insertRedundant(
                sequence: SequenceNumber(sequence), timestamp: RTPTimestamp(timestamp), payload: payload.bytes,
                arrival: now)
        }
        for _ in 0..<(op >> 5) { check(buffer.pull(now: now).duration > .zero, "something is always played") }
        offset += 5 + length
    }
}

private func video(_ input: UnsafeRawBufferPointer) {
    var assembler = VideoFrameAssembler(limits: .init(packets: 16, bytes: 500))
    var offset = 0
    var now = Instant.zero
    var sequence: UInt16 = 0
    var timestamp: UInt32 = 0
    while offset + 6 <= input.count {
        now = now + .milliseconds(Int(input[offset + 1]))
        let op = input[offset]
        sequence &+= op & 1 == 0 ? 1 : UInt16(input[offset + 2]) &* 257
        timestamp &+= op & 2 == 0 ? 0 : 3000
        let length = min(Int(input[offset + 4] & 31), input.count - offset - 5)
        let payload = UnsafeRawBufferPointer(rebasing: input[(offset + 5)..<(offset + 5 + length)])
        assembler.insert(
            sequence: SequenceNumber(sequence), timestamp: RTPTimestamp(timestamp), marker: op & 4 != 0,
            payload: payload.bytes, arrival: now)
        while let unit = assembler.next(now: now) { check(!unit.nalUnits.isEmpty, "an access unit is not empty") }
        _ = assembler.wantsKeyframe(now: now)
        check(assembler.missing.count <= 300, "what is missing is bounded")
        offset += 5 + length
    }
}
