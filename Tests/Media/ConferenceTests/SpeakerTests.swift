import Conference
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Speakers")
struct SpeakerTests {
    /// Lets everyone send a packet each 20 ms at the given level (-dBov), and counts what each receiver got.
    private func talk(
        _ levels: [Int32: UInt8], for duration: Duration, in fixture: inout ConferenceFixture, sequence: inout UInt16
    ) -> [Int32: Set<UInt32>] {
        var heard: [Int32: Set<UInt32>] = [:]
        for _ in 0..<Int(duration.milliseconds / 20) {
            for member in levels.keys.sorted() {
                for sent in fixture.send(sequence, from: member, .microphone, level: levels[member]) {
                    heard[sent.receiver, default: []].insert(sent.ssrc)
                }
            }
            sequence &+= 1
            fixture.advance(.milliseconds(20))
            _ = fixture.poll()
        }
        return heard
    }

    @Test("In a small call everyone hears everyone at once, and nobody himself")
    func smallCall() {
        var fixture = ConferenceFixture()
        let members = [fixture.join(), fixture.join(), fixture.join()]
        var sequence: UInt16 = 0
        let heard = talk(
            [members[0]: 30, members[1]: 90, members[2]: 127], for: .milliseconds(100), in: &fixture,
            sequence: &sequence)
        for member in members { #expect(heard[member]?.count == 2) }
    }

    @Test("In a large call the three loudest are heard, in three slots")
    func largeCall() {
        var fixture = ConferenceFixture()
        var levels: [Int32: UInt8] = [:]
        for _ in 0..<40 { levels[fixture.join()] = 100 }
        var sequence: UInt16 = 0
        _ = talk(levels, for: .seconds(1), in: &fixture, sequence: &sequence)
        levels[30] = 20
        levels[31] = 25
        levels[32] = 30
        _ = talk(levels, for: .seconds(1), in: &fixture, sequence: &sequence)
        fixture.advance(.milliseconds(20))
        var receivers: [Int32: Set<Int32>] = [:]
        for speaker: Int32 in [30, 31, 32] {
            for sent in fixture.send(sequence, from: speaker, .microphone, level: 25) {
                receivers[sent.receiver, default: []].insert(speaker)
                #expect(sent.ssrc >= ConferenceFixture.ssrc(sent.receiver, 0).rawValue)
                #expect(sent.ssrc <= ConferenceFixture.ssrc(sent.receiver, 2).rawValue)
            }
        }
        for listener in Int32(0)..<30 { #expect(receivers[listener] == [30, 31, 32]) }
        #expect(receivers[30] == [31, 32])
    }

    @Test("A newcomer replaces a silent one, but not an equally loud speaker")
    func replacement() {
        var fixture = ConferenceFixture()
        var levels: [Int32: UInt8] = [:]
        for _ in 0..<6 { levels[fixture.join()] = 25 }
        levels[4] = 127
        levels[5] = 127
        var sequence: UInt16 = 0
        _ = talk(levels, for: .seconds(2), in: &fixture, sequence: &sequence)
        levels[4] = 24
        _ = talk(levels, for: .seconds(1), in: &fixture, sequence: &sequence)
        #expect(fixture.send(sequence, from: 4, .microphone, level: 24).isEmpty)
        levels[2] = 127
        _ = talk(levels, for: .seconds(2), in: &fixture, sequence: &sequence)
        #expect(!fixture.send(sequence, from: 4, .microphone, level: 24).isEmpty)
        #expect(fixture.send(sequence, from: 2, .microphone, level: 127).isEmpty)
    }

    @Test("A muted member is dropped by the server whatever it sends, and is not shown as speaking")
    func muted() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        #expect(fixture.send(1, from: ada, .microphone, level: 20).count == 1)
        fixture.conference.setMuted(true, ada)
        #expect(fixture.send(2, from: ada, .microphone, level: 20).isEmpty)
        fixture.conference.setMuted(false, ada)
        #expect(fixture.send(3, from: ada, .microphone, level: 20).map(\.receiver) == [grace])
    }

    @Test("Speaking is reported once it changes, loudest first")
    func reports() {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        var reports: [MemberSpeakerReport] = []
        for step in UInt16(0)..<100 {
            fixture.send(step, from: ada, .microphone, level: 40)
            fixture.send(step, from: grace, .microphone, level: 20)
            fixture.advance(.milliseconds(20))
            for case .speakers(let report) in fixture.poll() { reports.append(report) }
        }
        #expect(reports.last?.dominant == [grace, ada])
        #expect(reports.count <= 8)
        fixture.advance(.seconds(2))
        _ = fixture.poll()
        fixture.advance(.seconds(2))
        var last: MemberSpeakerReport?
        for case .speakers(let report) in fixture.poll() { last = report }
        #expect((last ?? reports.last)?.dominant.isEmpty == true || last == nil)
    }

    @Test("A slot's stream is continuous over a change of speaker")
    func continuity() throws {
        var fixture = ConferenceFixture()
        let ada = fixture.join()
        let grace = fixture.join()
        let edsger = fixture.join()
        let first = try #require(
            fixture.send(500, timestamp: 960, from: ada, .microphone, level: 20).first { $0.receiver == 2 })
        #expect(first.marker)
        fixture.conference.remove(ada, buffers: &fixture.buffers)
        fixture.advance(.milliseconds(40))
        let next = try #require(
            fixture.send(9, timestamp: 77, from: grace, .microphone, level: 20).first { $0.receiver == 2 })
        #expect(edsger == 2)
        if next.ssrc == first.ssrc {
            #expect(next.sequence == first.sequence &+ 1)
            #expect(next.timestamp == first.timestamp &+ 1920)
        }
    }
}
