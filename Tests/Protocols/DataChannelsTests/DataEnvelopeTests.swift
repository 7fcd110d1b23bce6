import DataChannels
import ProtocolCore
import Testing

@Suite("Data channels: the envelope of a message")
struct DataEnvelopeTests {
    @Test func roundTrips() throws {
        let envelope = DataEnvelope(channel: 7, sequence: 0xffff_fffe, sender: "ada", payload: [1, 2, 3])
        #expect(try DataEnvelope(parsing: envelope.bytes.span.bytes) == envelope)
    }

    @Test func envelopesAreBounded() throws {
        let largest = DataEnvelope(
            channel: 1, sequence: 0, payload: [UInt8](repeating: 0, count: DataEnvelope.largestPayload))
        #expect(try DataEnvelope(parsing: largest.bytes.span.bytes) == largest)
        let larger = largest.bytes + [0]
        #expect(throws: ParseError.malformed("data envelope payload")) {
            try DataEnvelope(parsing: larger.span.bytes)
        }
    }

    @Test func truncationAtEveryOffset() {
        let bytes = DataEnvelope(channel: 1, sequence: 2, sender: "ada", payload: []).bytes
        for length in 0..<bytes.count {
            #expect(throws: ParseError.self) { try DataEnvelope(parsing: Array(bytes[..<length]).span.bytes) }
        }
    }
}
