internal import ProtocolCore

/// What a link carries, without its short dips: one keyframe can make a link look narrower than it is for a moment, and
/// to switch layers for that costs another keyframe.
struct SteadyBudget {
    /// A dip counts when it lasts so long; until then the pacer keeps the link from filling.
    static let patience: Duration = .milliseconds(500)
    /// Below this part of what is used, a dip counts at once.
    static let steepFall = 0.6

    /// Bits per second; nil while the link is unknown.
    private(set) var value: Int?
    private var lowSince: Instant?

    mutating func update(_ budget: Int?, used: Int, now: Instant) {
        guard let budget, let present = value, budget < present, budget < used else {
            value = budget
            lowSince = nil
            return
        }
        let since = lowSince ?? now
        lowSince = since
        if Double(budget) < Double(used) * SteadyBudget.steepFall || now - since >= SteadyBudget.patience {
            value = budget
            lowSince = nil
        }
    }
}
