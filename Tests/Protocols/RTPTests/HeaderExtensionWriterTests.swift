import ProtocolCore
import RTP
import Testing

@Suite struct HeaderExtensionWriterTests {
    private enum Value {
        case uint8(UInt8)
        case uint16(UInt16)
        case uint24(UInt32)
        case bytes([UInt8])
    }

    private struct Block {
        /// The bytes that `finish` told of.
        var bytes: [UInt8] = []
        /// Whether each element was taken.
        var taken: [Bool] = []
    }

    /// Writes elements into `capacity` bytes, and checks the bytes that follow.
    private func block(capacity: Int, _ elements: [(id: UInt8, value: Value)]) -> Block {
        var memory = [UInt8](repeating: 0xa5, count: capacity + 8)
        var result = Block()
        var length = 0
        memory.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var writer = HeaderExtensionWriter(into: base, capacity: capacity)
            for element in elements {
                let isTaken =
                    switch element.value {
                    case .uint8(let value): writer.append(id: element.id, uint8: value)
                    case .uint16(let value): writer.append(id: element.id, uint16: value)
                    case .uint24(let value): writer.append(id: element.id, uint24: value)
                    case .bytes(let value): writer.append(id: element.id, span: value.span.bytes)
                    }
                result.taken.append(isTaken)
            }
            length = writer.finish()
        }
        #expect(length <= capacity)
        #expect(memory[capacity...].allSatisfy { $0 == 0xa5 })
        result.bytes = Array(memory[..<length])
        return result
    }

    @Test func writesOneByteForm() {
        let written = block(
            capacity: 20,
            [
                (1, .uint8(0xe3)), (3, .uint16(0xbeef)), (2, .uint24(0xffa1_a2a3)), (4, .bytes(Array("abc".utf8))),
            ])
        #expect(written.taken == [true, true, true, true])
        #expect(written.bytes == wire("bede 0004 10e3 31beef 22a1a2a3 42616263 000000"))
    }

    @Test func writesNothingForNoElement() {
        #expect(block(capacity: 20, []).bytes.isEmpty)
        let none = block(capacity: 0, [(1, .uint8(1))])
        #expect(none.taken == [false] && none.bytes.isEmpty)
    }

    @Test func widensWhatIsWrittenWhenAnElementNeedsIt() {
        let long = [UInt8](repeating: 7, count: 17)
        let written = block(
            capacity: 40, [(1, .uint8(0xe3)), (3, .uint16(0xbeef)), (8, .bytes(long)), (2, .uint8(9))])
        #expect(written.bytes == wire("1000 0008 0101e3 0302beef 0811") + long + wire("020109 000000"))
        let highID = block(capacity: 12, [(1, .uint8(0xe3)), (15, .uint8(5))])
        #expect(highID.bytes == wire("1000 0002 0101e3 0f0105 0000"))
    }

    @Test func leavesTheBlockAloneWhenAnElementDoesNotFit() {
        let long = [UInt8](repeating: 7, count: 17)
        for capacity in 8..<28 {
            let written = block(capacity: capacity, [(1, .uint8(0xe3)), (8, .bytes(long)), (2, .uint8(9))])
            #expect(written.taken == [true, false, true])
            #expect(written.bytes == wire("bede 0001 10e3 2009"))
        }
        #expect(block(capacity: 28, [(1, .uint8(0xe3)), (8, .bytes(long))]).taken == [true, true])
        // Each element before it grows by a byte: 4 + 4 * 3 + 19 bytes make nine words.
        let four: [(UInt8, Value)] = [(1, .uint8(1)), (2, .uint8(2)), (3, .uint8(3)), (4, .uint8(4))]
        let short = block(capacity: 35, four + [(8, .bytes(long))])
        #expect(short.taken == [true, true, true, true, false])
        #expect(short.bytes == wire("bede 0002 1001 2002 3003 4004"))
        #expect(block(capacity: 36, four + [(8, .bytes(long))]).taken.last == true)
        // Words, not bytes, must fit.
        #expect(block(capacity: 7, [(1, .uint8(0xe3))]).taken == [false])
    }

    @Test func refusesBadIDsAndLengths() {
        let tooLong = [UInt8](repeating: 0, count: 256)
        let written = block(capacity: 400, [(0, .uint8(1)), (1, .bytes(tooLong)), (1, .bytes([]))])
        #expect(written.taken == [false, false, false])
        #expect(written.bytes.isEmpty)
    }

    @Test func roundTripsThroughTheParser() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let descriptor = (0..<Int.random(in: 3...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let ids = Array(UInt8(1)...31).shuffled(using: &random)
            var map = HeaderExtensionMap()
            map[ids[0]] = .audioLevel
            map[ids[1]] = .dependencyDescriptor
            let written = block(capacity: 64, [(ids[0], .uint8(0x85)), (ids[1], .bytes(descriptor))])
            let packet = wire("90 60 0001 00000002 00000003") + written.bytes
            let header = try RTPHeader(parsing: packet.span.bytes)
            #expect(header.headerLength == packet.count)
            let found = try ReceivedExtensions(parsing: packet.span.bytes, header: header, map: map)
            #expect(found.audioLevel?.rawValue == 0x85)
            let range = try #require(found.dependencyDescriptor)
            #expect(Array(packet[range.offset..<range.offset + range.length]) == descriptor)
        }
    }
}
