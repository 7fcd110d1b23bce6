import Testing

@testable import HTTPServer

@Suite struct WebSocketReaderTests {
    /// A frame of a client, masked; `head` overrides the first byte.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0,
        longLength: Bool = false
    ) -> [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reserved | opcode]
        let flag: UInt8 = isMasked ? 0x80 : 0
        if longLength {
            bytes += [flag | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        } else if payload.count < 126 {
            bytes.append(flag | UInt8(payload.count))
        } else {
            bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        if isMasked { bytes += mask }
        return bytes + payload.enumerated().map { isMasked ? $1 ^ mask[$0 & 3] : $1 }
    }

    static func events(of bytes: [UInt8], limit: Int = 1000, pieces: Int = .max) -> [WebSocketEvent] {
        var reader = WebSocketReader(messageBytes: limit)
        var events: [WebSocketEvent] = []
        for start in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
            reader.append(bytes[start..<min(start + min(pieces, bytes.count), bytes.count)])
            while let event = try? reader.next() { events.append(event) }
        }
        return events
    }

    static func violation(_ bytes: [UInt8], limit: Int = 1000) -> WebSocketViolation? {
        var reader = WebSocketReader(messageBytes: limit)
        reader.append(bytes)
        do throws(WebSocketViolation) {
            while try reader.next() != nil {}
        } catch {
            return error
        }
        return nil
    }

    static let conversation: [UInt8] =
        frame(1, Array("Hel".utf8), isFinal: false) + frame(9, [1, 2]) + frame(0, Array("lo".utf8))
        + frame(1, [UInt8](repeating: 65, count: 300)) + frame(10) + frame(1) + frame(8, [0x03, 0xE8])

    static let heard: [WebSocketEvent] = [
        .fragment, .ping([1, 2]), .text("Hello"), .text(String(repeating: "A", count: 300)), .pong, .text(""),
        .close(code: 1000),
    ]

    @Test(arguments: [1, 2, 3, 5, 7, 64, 1000]) func anyCutOfTheInputIsTaken(pieces: Int) {
        #expect(Self.events(of: Self.conversation, pieces: pieces) == Self.heard)
    }

    @Test func whatIsCutShortIsWaitedFor() {
        for end in 0..<Self.conversation.count {
            let events = Self.events(of: Array(Self.conversation[..<end]))
            #expect(events == Array(Self.heard[..<events.count]))
            #expect(Self.violation(Array(Self.conversation[..<end])) == nil)
        }
    }

    /// RFC 6455 section 5.2: the opcodes 3 to 7 and 11 to 15 are reserved.
    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8]) func reservedOpcodes(opcode: UInt8) {
        #expect(Self.violation(Self.frame(opcode))?.code == 1002)
    }

    @Test(arguments: [0x10, 0x20, 0x40, 0x70] as [UInt8], [1, 9, 10, 8, 0] as [UInt8])
    func reservedBits(bits: UInt8, opcode: UInt8) {
        #expect(Self.violation(Self.frame(opcode, reserved: bits))?.code == 1002)
    }

    @Test(arguments: [8, 9, 10] as [UInt8]) func controlFramesAreShortAndWhole(opcode: UInt8) {
        #expect(Self.violation(Self.frame(opcode, isFinal: false))?.code == 1002)
        #expect(Self.violation(Self.frame(opcode, [UInt8](repeating: 0, count: 126)))?.code == 1002)
    }

    @Test func unmaskedFramesAndWrongFragments() {
        #expect(Self.violation(Self.frame(1, isMasked: false))?.code == 1002)
        #expect(Self.violation(Self.frame(0))?.code == 1002)
        #expect(Self.violation(Self.frame(1, isFinal: false) + Self.frame(1))?.code == 1002)
        #expect(Self.violation(Self.frame(2, [1]))?.code == 1003)
    }

    @Test func lengthsAreWrittenInTheirShortestForm() {
        #expect(Self.violation(Self.frame(1, [65], longLength: true))?.code == 1002)
        #expect(Self.violation([0x81, 0xFE, 0, 125, 0, 0, 0, 0])?.code == 1002)
        #expect(Self.violation([0x81, 0xFF] + [UInt8](repeating: 0xFF, count: 12))?.code == 1002)
    }

    /// RFC 6455 section 7.4.
    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535])
    func codesThatNobodySends(code: Int) {
        #expect(Self.violation(Self.frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)]))?.code == 1002)
    }

    @Test(arguments: [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999]) func codesThatAreSent(code: Int) {
        let bytes = Self.frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array("auf Wiedersehen, Grüße".utf8))
        #expect(Self.events(of: bytes) == [.close(code: UInt16(code))])
    }

    @Test func closeFramesWithoutACodeOrWithHalfAReason() {
        #expect(Self.events(of: Self.frame(8)) == [.close(code: nil)])
        #expect(Self.violation(Self.frame(8, [3]))?.code == 1002)
        #expect(Self.violation(Self.frame(8, [3, 0xE8, 0xC3]))?.code == 1007)
    }

    @Test func textIsUTF8AcrossFragments() {
        #expect(Self.violation(Self.frame(1, [0xC3]))?.code == 1007)
        let halves = Self.frame(1, [0xC3], isFinal: false) + Self.frame(0, [0xBC])
        #expect(Self.events(of: halves) == [.fragment, .text("ü")])
    }

    @Test func tooLargeIsSaidByTheHeadAlone() {
        let head = Array(Self.frame(1, [UInt8](repeating: 65, count: 1001))[..<4])
        #expect(Self.violation(head) == .tooLarge(limit: 1000))
        let fragments = Self.frame(1, [UInt8](repeating: 65, count: 600), isFinal: false)
        #expect(Self.violation(fragments + Self.frame(0, [UInt8](repeating: 65, count: 401))) == .tooLarge(limit: 1000))
        #expect(Self.violation(fragments + Self.frame(0, [UInt8](repeating: 65, count: 400))) == nil)
    }

    @Test func emptyFragmentsDoNotGoOnForEver() {
        let endless = Self.frame(1, isFinal: false) + (0..<1023).flatMap { _ in Self.frame(0, isFinal: false) }
        #expect(Self.violation(endless)?.code == 1009)
    }

    @Test func theLimitMayGrowBetweenFragments() throws {
        var reader = WebSocketReader(messageBytes: 10)
        reader.append(Self.frame(1, [UInt8](repeating: 65, count: 6), isFinal: false))
        let first = try reader.next()
        #expect(first == .fragment)
        reader.setLimit(messageBytes: 20)
        reader.append(Self.frame(0, [UInt8](repeating: 65, count: 14)))
        let second = try reader.next()
        #expect(second == .text(String(repeating: "A", count: 20)))
        #expect(reader.waitingBytes == 0)
    }

    /// Whatever comes, there is an end to what is kept, and no trap.
    @Test func noiseIsReadOrRefused() {
        var state: UInt64 = 20_261_201
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<3000 {
            var bytes = Self.conversation
            for _ in 0..<(1 + random(6)) { bytes[random(bytes.count)] = UInt8(random(256)) }
            var reader = WebSocketReader(messageBytes: 400)
            var rest = bytes[...]
            do throws(WebSocketViolation) {
                while !rest.isEmpty {
                    let piece = rest.prefix(1 + random(200))
                    rest = rest.dropFirst(piece.count)
                    reader.append(piece)
                    while try reader.next() != nil {}
                    #expect(reader.waitingBytes <= 400 + 14 + 200)
                }
            } catch {
                #expect([1002, 1003, 1007, 1009].contains(error.code))
                #expect(error.reason.utf8.count <= 123)
            }
        }
    }
}
