internal import ProtocolCore

/// What a link carries, without its short dips: one keyframe can make a link look narrower than it is for a moment, and
/// to switch layers for that costs another keyframe.
struct SteadyBudget {
    /// A dip counts when it lasts so long; until then the pacer keeps the link from filling.
    static let patience: Duration = .milliseconds(500)
    /// Without a queue or loss the link has not become narrower as far as anybody knows, and a slight dip counts later.
    static let calmPatience: Duration = .seconds(3)
    static let slightFall = 0.8
    /// Below this part of what is used, a dip counts at once.
    static let steepFall = 0.6

    /// Bits per second; nil while the link is unknown.
    private(set) var value: Int?
    private var lowSince: Instant?

    /// - Parameter isCongested: Whether a queue or loss says that the link is full.
    mutating func update(_ budget: Int?, used: Int, isCongested: Bool = true, now: Instant) {
        guard let budget, let present = value, budget < present, budget < used else {
            value = budget
            lowSince = nil
            return
        }
        let since = lowSince ?? now
        lowSince = since
        let isSlight = Double(budget) >= Double(used) * SteadyBudget.slightFall
        let patience = isSlight && !isCongested ? SteadyBudget.calmPatience : SteadyBudget.patience
        if Double(budget) < Double(used) * SteadyBudget.steepFall || now - since >= patience {
            value = budget
            lowSince = nil
        }
    }
}
