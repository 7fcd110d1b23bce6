import ProtocolCore
import Testing

@testable import Conference

@Suite("Numbers of a slot")
struct SequenceMapTests {
    @Test("What is left out makes what follows move up; late packets find their places")
    func leavesOut() {
        var map = SequenceMap()
        map.begin(layer: 0, source: 10, out: 100, shift: StreamShift(timestamp: 7))
        #expect(map.map(10) == 100)
        #expect(map.map(11) == 101)
        map.leaveOut(12)
        map.leaveOut(13)
        #expect(map.map(14) == 102)
        // 16 comes before 15, which then takes the place kept for it.
        map.leaveOut(16)
        #expect(map.map(17) == 104)
        #expect(map.map(15) == 103)
        #expect(map.map(12) == nil)
        #expect(map.map(16) == nil)
        #expect(map.map(11) == 101)
        #expect(map.map(9) == nil)
    }

    @Test("A number of the slot leads back to layer, number and time, across switches")
    func leadsBack() {
        var map = SequenceMap()
        map.begin(layer: 0, source: 65_534, out: 65_000, shift: StreamShift(timestamp: 1))
        for source in [UInt16(65_534), 65_535, 0, 1] { _ = map.map(source) }
        map.begin(layer: 2, source: 500, out: 65_004, shift: StreamShift(timestamp: 9))
        _ = map.map(500)
        #expect(map.origin(of: 65_002) == SequenceMap.Origin(layer: 0, sequence: 0, shift: StreamShift(timestamp: 1)))
        #expect(map.origin(of: 65_004) == SequenceMap.Origin(layer: 2, sequence: 500, shift: StreamShift(timestamp: 9)))
        #expect(map.origin(of: 65_005) == nil)
        #expect(map.origin(of: 64_999) == nil)
        // Late packets of the layer before are not for the slot any more.
        #expect(map.map(499) == nil)
    }

    @Test("No number of the slot is ever given twice, whatever is left out, lost or reordered")
    func neverTwice() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            var map = SequenceMap()
            var source = UInt16(truncatingIfNeeded: generator.next())
            map.begin(layer: 0, source: source, out: 30_000, shift: StreamShift(timestamp: 0))
            var given: [UInt16: UInt16] = [:]
            var late: [(UInt16, Bool)] = []
            for _ in 0..<400 {
                let isLeftOut = generator.next() % 3 == 0
                if generator.next() % 7 == 0 {
                    late.append((source, isLeftOut))
                } else if isLeftOut {
                    map.leaveOut(source)
                } else if let out = map.map(source) {
                    #expect(given[out] == nil)
                    given[out] = source
                    #expect(map.origin(of: out)?.sequence == source)
                }
                if late.count > 4 {
                    let (number, isOut) = late.removeFirst()
                    if isOut {
                        map.leaveOut(number)
                    } else if let out = map.map(number) {
                        #expect(given[out] == nil)
                        given[out] = number
                    }
                }
                source &+= 1
            }
        }
    }

    @Test("A long run without a gap goes on over the wrap")
    func longRun() {
        var map = SequenceMap()
        map.begin(layer: 1, source: 0, out: 5, shift: StreamShift(timestamp: 0))
        var source: UInt16 = 0
        for _ in 0..<200_000 {
            #expect(map.map(source) == source &+ 5)
            source &+= 1
        }
    }
}
