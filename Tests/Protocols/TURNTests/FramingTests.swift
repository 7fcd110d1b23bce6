import ProtocolCore
import STUN
import Testing

@testable import TURN

@Suite("Frames on streams")
struct FramingTests {
    private let binding = STUNMessageBuilder(.request, transactionID: .init(high: 1, low: 2)).finish(integrityKey: nil)

    private static func bytes(_ bytes: UInt8...) -> [UInt8] { bytes }

    @Test("A message is there with its last byte, not before")
    func messages() throws {
        for count in 0..<binding.count {
            #expect(try TURNStreamFraming.firstFrame(in: Array(binding.prefix(count)).span.bytes) == nil)
        }
        let frame = StreamFrame(content: 0..<binding.count, length: binding.count)
        #expect(try TURNStreamFraming.firstFrame(in: binding.span.bytes) == frame)
        #expect(try TURNStreamFraming.firstFrame(in: (binding + [0x40]).span.bytes) == frame)
    }

    @Test("ChannelData is padded to four bytes")
    func channelData() throws {
        let bytes: [UInt8] = [0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 0x40]
        for count in 0..<12 {
            #expect(try TURNStreamFraming.firstFrame(in: Array(bytes.prefix(count)).span.bytes) == nil)
        }
        #expect(try TURNStreamFraming.firstFrame(in: bytes.span.bytes) == StreamFrame(content: 0..<9, length: 12))
        #expect((0..<6).map(ChannelNumber.padding) == [0, 3, 2, 1, 0, 3])
    }

    @Test("What cannot be a message, or is too long, is refused at once")
    func refusals() {
        #expect(throws: ParseError.malformed("first byte")) {
            try TURNStreamFraming.firstFrame(in: Array("POST / HTTP/1.1".utf8).span.bytes)
        }
        #expect(throws: ParseError.malformed("message length")) {
            try TURNStreamFraming.firstFrame(in: Self.bytes(0, 1, 0, 3).span.bytes)
        }
        #expect(throws: ParseError.limitExceeded("message length")) {
            try TURNStreamFraming.firstFrame(in: Self.bytes(0, 1, 0x10, 0).span.bytes)
        }
        #expect(throws: ParseError.limitExceeded("message length")) {
            try TURNStreamFraming.firstFrame(in: Self.bytes(0x40, 0, 0xff, 0xff).span.bytes)
        }
    }

    @Test("TURN is told from HTTP by the first bytes")
    func recognition() {
        for count in 0..<8 {
            #expect(TURNStreamFraming.recognize(Array(binding.prefix(count)).span.bytes) == .undecided)
        }
        #expect(TURNStreamFraming.recognize(Array(binding.prefix(8)).span.bytes) == .turn)
        for text in ["G", "POST / HTTP/1.1", "PRI * HTTP/2.0"] {
            #expect(TURNStreamFraming.recognize(Array(text.utf8).span.bytes) == .somethingElse)
        }
        #expect(
            TURNStreamFraming.recognize(Self.bytes(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43).span.bytes) == .somethingElse)
        // A TLS hello within TLS is neither.
        #expect(TURNStreamFraming.recognize(Self.bytes(0x16, 3, 1, 2, 0, 1, 0, 1).span.bytes) == .somethingElse)
    }

    @Test("Packets behind their lengths")
    func packets() throws {
        let bytes: [UInt8] = [0, 3, 7, 8, 9, 0]
        for count in 0..<5 {
            #expect(try StreamPacketFraming.firstFrame(in: Array(bytes.prefix(count)).span.bytes) == nil)
        }
        #expect(try StreamPacketFraming.firstFrame(in: bytes.span.bytes) == StreamFrame(content: 2..<5, length: 5))
        #expect(
            try StreamPacketFraming.firstFrame(in: Self.bytes(0, 0).span.bytes)
                == StreamFrame(content: 2..<2, length: 2))
        #expect(throws: ParseError.limitExceeded("packet length")) {
            try StreamPacketFraming.firstFrame(in: Self.bytes(0x10, 1).span.bytes)
        }
    }
}
