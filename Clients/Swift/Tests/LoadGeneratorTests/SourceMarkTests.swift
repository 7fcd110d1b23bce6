import LoadGenerator
import ProtocolCore
import Testing

@Suite struct SourceMarkTests {
    @Test(arguments: [0, 1, 1_000_000_007, 123_456_789_012_345] as [Int64])
    func isReadAgainAndTheTimeIsKept(nanoseconds: Int64) {
        for publisher in [0, 1, 77, SourceMark.mostPublishers - 1] {
            for layer in 0..<4 {
                let mark = SourceMark(publisher: publisher, layer: layer)
                let marked = mark.marking(Instant(nanoseconds: nanoseconds))
                #expect(SourceMark(of: marked) == mark)
                #expect(abs(marked.nanoseconds - nanoseconds) < 16_384)
            }
        }
    }
}

extension SourceMarkTests {
    @Test func aDividingTimeDivides() {
        let begin = SourceMark.dividing(Instant(nanoseconds: 5_000_000_123))
        #expect(begin.nanoseconds <= 5_000_000_123 && begin.nanoseconds > 5_000_000_123 - 16_384)
        for mark in [SourceMark(publisher: 0, layer: 0), SourceMark(publisher: 4095, layer: 3)] {
            #expect(mark.marking(begin) >= begin)
            #expect(mark.marking(Instant(nanoseconds: begin.nanoseconds - 1)) < begin)
        }
    }
}

@Suite struct SyntheticAudioTests {
    let packet = SyntheticAudio(number: 70_000, capturedAt: Instant(nanoseconds: 987_654_321))

    @Test func isReadAgain() {
        let payload = packet.payload
        #expect(payload.count == SyntheticAudio.byteCount)
        let read = SyntheticAudio(checking: payload.span.bytes)
        #expect(read == packet)
    }

    @Test func everyWrongByteOfFillerIsFound() {
        for position in 13..<SyntheticAudio.byteCount {
            var payload = packet.payload
            payload[position] ^= 1
            let read = SyntheticAudio(checking: payload.span.bytes)
            #expect(read == nil)
        }
    }

    @Test func isCutNowhere() {
        for length in 0..<SyntheticAudio.byteCount {
            let payload = Array(packet.payload[..<length])
            let read = SyntheticAudio(checking: payload.span.bytes)
            #expect(read == nil)
        }
    }
}
