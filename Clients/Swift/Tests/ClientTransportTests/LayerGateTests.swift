import Congestion
import ProtocolCore
import Testing

@testable import ClientTransport

/// Which layers of a camera go over a link that is too narrow for all of them.
@Suite struct LayerGateTests {
    let small = Bitrate.kilobits(150)
    let middle = Bitrate.kilobits(500)
    let large = Bitrate.kilobits(1500)

    /// Decides for all layers again and again, the smallest first, as frames come.
    func settled(_ gates: inout [LayerGate], target: Bitrate, at start: Instant) -> [Bool] {
        let rates = [small, middle, large]
        for round in 0..<100 {
            for index in gates.indices {
                let others = gates.indices.filter { $0 != index }.map { (rate: rates[$0], isOpen: gates[$0].isOpen) }
                let load = LayerGate.load(of: rates[index], beside: others, target: target)
                gates[index].update(load: load, target: target, now: start + .milliseconds(33) * round)
            }
        }
        return gates.map(\.isOpen)
    }

    @Test(
        "The smallest always goes, then the largest that fits beside it, then what fits beside these",
        arguments: [
            (3000, [true, true, true]), (1900, [true, false, true]), (1000, [true, true, false]),
            (400, [true, false, false]), (50, [true, false, false]),
        ])
    func choice(kilobits: Int, expected: [Bool]) {
        for isOpen in [true, false] {
            var gates = [LayerGate(), LayerGate(), LayerGate()]
            if !isOpen { _ = settled(&gates, target: .kilobits(50), at: .zero) }
            #expect(settled(&gates, target: .kilobits(kilobits), at: .zero + .seconds(10)) == expected)
        }
    }

    @Test("A layer alone goes, whatever the link carries, also when it was left out before")
    func alone() {
        var gate = LayerGate()
        gate.update(load: large + small, target: .kilobits(400), now: .zero)
        #expect(!gate.isOpen)
        #expect(LayerGate.load(of: large, beside: [], target: .kilobits(400)) == nil)
        gate.update(load: nil, target: .kilobits(400), now: .zero)
        #expect(gate.isOpen)
    }

    @Test("Between the thresholds a layer stays as it is, and what was left out rests two seconds")
    func hysteresis() {
        var gate = LayerGate()
        gate.update(load: .kilobits(1050), target: .kilobits(1000), now: .zero)
        #expect(gate.isOpen)
        gate.update(load: .kilobits(1150), target: .kilobits(1000), now: .zero)
        #expect(!gate.isOpen)
        gate.update(load: .kilobits(1050), target: .kilobits(1000), now: .zero + .seconds(5))
        #expect(!gate.isOpen)
        gate.update(load: .kilobits(850), target: .kilobits(1000), now: .zero + .milliseconds(1900))
        #expect(!gate.isOpen)
        gate.update(load: .kilobits(850), target: .kilobits(1000), now: .zero + .milliseconds(2000))
        #expect(gate.isOpen)
    }

    @Test("What a layer takes is measured by the frames that follow others; keyframes alone tell nothing")
    func measurement() throws {
        var gate = LayerGate()
        for frame in 0..<60 {
            gate.offer(frame == 0 ? 30_000 : 5000, isKeyframe: frame == 0, now: .zero + .milliseconds(33) * frame)
        }
        let rate = try #require(gate.offered)
        #expect(rate > .kilobits(1100) && rate < .kilobits(1300), "\(rate)")
        for frame in 60..<120 {
            gate.offer(30_000, isKeyframe: true, now: .zero + .milliseconds(33) * frame)
        }
        #expect(gate.offered == rate)
    }
}
