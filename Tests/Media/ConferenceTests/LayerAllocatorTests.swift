import MediaVocabulary
import ProtocolCore
import Testing

@testable import Conference

@Suite("Dividing a link among slots")
struct LayerAllocatorTests {
    private let now = Instant.zero + .seconds(100)

    private func candidate(
        _ rates: [Int] = [150_000, 500_000, 1_700_000], wish: Int? = nil, importance: Int = 1, present: Int? = nil,
        limit: AllocationReason = .best
    ) -> SlotCandidate {
        SlotCandidate(
            importance: importance,
            options: rates.enumerated().map { LayerOption(layer: UInt8($0), temporal: .max, rate: $1) },
            wish: wish ?? rates.count - 1, limit: limit, present: present)
    }

    private func decide(_ candidates: [SlotCandidate], _ budget: Int?) -> [LayerAllocator.Decision] {
        LayerAllocator.allocate(candidates, budget: budget, now: now)
    }

    @Test("An unknown link gives everybody what is of use")
    func unlimited() {
        let decisions = decide([candidate(), candidate(wish: 1, limit: .viewSize)], nil)
        #expect(decisions.map(\.option) == [2, 1])
        #expect(decisions.map(\.reason) == [.best, .viewSize])
    }

    @Test("Nobody is paused before others are raised")
    func noPausesFirst() {
        let decisions = decide([candidate(importance: 5), candidate(), candidate(), candidate()], 700_000)
        #expect(decisions.map(\.option) == [0, 0, 0, 0])
        #expect(decisions.map(\.reason) == [.bandwidth, .bandwidth, .bandwidth, .bandwidth])
        let fewer = decide([candidate(importance: 5), candidate(), candidate(), candidate()], 400_000)
        #expect(fewer.map(\.option) == [0, 0, nil, nil])
        #expect(fewer[3].reason == .paused)
    }

    @Test("Equals rise together, level by level")
    func fairness() {
        let decisions = decide([candidate(), candidate(), candidate()], 1_700_000)
        #expect(decisions.map(\.option) == [1, 1, 1])
    }

    @Test("A share and a larger view come before tiles, which are told why")
    func importance() {
        let share = candidate([2_500_000], importance: .max)
        let decisions = decide([candidate(), share, candidate(importance: 5)], 4_700_000)
        #expect(decisions.map(\.option) == [0, 0, 2])
        #expect(decisions[0].reason == .priority)
    }

    @Test("A share is not starved by a link that is narrower than it")
    func narrowShare() {
        var share = candidate([2_500_000], importance: .max)
        share.overdraw = 3
        let decisions = decide([share, candidate()], 1_000_000)
        #expect(decisions.map(\.option) == [0, nil])
    }

    @Test("Who fell does not rise for ten seconds, but may fall further")
    func caution() {
        var fallen = candidate(present: 0)
        fallen.cautiousUntil = now + .seconds(1)
        #expect(decide([fallen], 9_000_000) == [LayerAllocator.Decision(option: 0, reason: .caution)])
        fallen.present = 1
        #expect(decide([fallen], 200_000) == [LayerAllocator.Decision(option: 0, reason: .bandwidth)])
        fallen.cautiousUntil = now
        #expect(decide([fallen], 9_000_000)[0].option == 2)
    }

    @Test("To rise takes room to spare; to stay does not even take all of it")
    func headroom() {
        #expect(decide([candidate(present: 2)], 1_600_000)[0].option == 2)
        #expect(decide([candidate(present: 2)], 1_500_000)[0].option == 1)
        #expect(decide([candidate(present: 1)], 1_750_000)[0].option == 1)
        #expect(decide([candidate(present: 2)], 1_750_000)[0].option == 2)
        #expect(decide([candidate(present: 1)], 1_900_000)[0].option == 2)
    }

    @Test("A busy server gives up layers, then slots, and says so; a screen stays")
    func serverBusy() {
        let screen = candidate([2_500_000], importance: .max)
        let candidates = [screen] + (0..<6).map { _ in candidate() }
        func decisions(_ load: Int, budget: Int? = nil) -> [LayerAllocator.Decision] {
            LayerAllocator.allocate(candidates, budget: budget, load: load, now: now)
        }
        #expect(decisions(0).map(\.option) == [0, 2, 2, 2, 2, 2, 2])
        #expect(decisions(1).map(\.option) == [0, 1, 1, 1, 1, 1, 1])
        #expect(decisions(2, budget: 50_000_000).map(\.option) == [0, 0, 0, 0, 0, 0, 0])
        #expect(decisions(3).map(\.option) == [0, 0, 0, 0, nil, nil, nil])
        #expect(decisions(3, budget: 50_000_000).map(\.option) == [0, 0, 0, 0, nil, nil, nil])
        for load in 1...3 {
            #expect(decisions(load).dropFirst().allSatisfy { $0.reason == .serverBusy })
            #expect(decisions(load)[0].reason == .best)
        }
        // Where the link is narrower than what a busy server gives, the link is the reason.
        #expect(LayerAllocator.allocate([candidate()], budget: 200_000, load: 1, now: now)[0].reason == .bandwidth)
    }

    @Test("What one view no longer needs goes to the others")
    func giveBack() {
        let before = decide([candidate(), candidate(present: 1)], 2_400_000)
        #expect(before.map(\.option) == [2, 1])
        let after = decide([candidate(wish: 0, present: 2, limit: .viewSize), candidate(present: 1)], 2_400_000)
        #expect(after.map(\.option) == [0, 2])
    }

    @Test("Whatever the candidates, the budget holds but for what is shown already, and no wish is exceeded")
    func budgetHolds() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let candidates = (0..<Int(generator.next() % 9)).map { _ in
                let count = Int(generator.next() % 4)
                var rate = 0
                let rates = (0..<count).map { _ -> Int in
                    rate += Int(generator.next() % 900_000)
                    return rate
                }
                return candidate(
                    rates, wish: max(0, count == 0 ? 0 : Int(generator.next() % UInt64(count))),
                    importance: Int(generator.next() % 3),
                    present: count > 0 && generator.next() % 2 == 0 ? Int(generator.next() % UInt64(count)) : nil)
            }
            let budget = Int(generator.next() % 4_000_000)
            let decisions = decide(candidates, budget)
            var total = 0
            for (candidate, decision) in zip(candidates, decisions) {
                guard let option = decision.option else { continue }
                #expect(option <= candidate.wish)
                let rate = candidate.options[option].rate
                total += rate - (option <= candidate.present ?? -1 ? rate / 9 : 0)
            }
            #expect(total <= budget)
        }
    }
}
