import Congestion
import ProtocolCore

extension Scenario.Outcome {
    /// What comes of a scenario on average; of what did not happen in every run there is no average.
    static func mean(of outcomes: [Self]) -> Self {
        let count = max(outcomes.count, 1)
        func mean(_ value: (Self) -> Double) -> Double { outcomes.reduce(0) { $0 + value($1) } / Double(count) }
        func time(_ value: (Self) -> Duration) -> Duration { outcomes.reduce(.zero) { $0 + value($1) } / count }
        func timeOfAll(_ value: (Self) -> Duration?) -> Duration? {
            let times = outcomes.compactMap(value)
            return times.count == outcomes.count ? times.reduce(.zero, +) / count : nil
        }
        return Self(
            share: mean(\.share),
            meanTarget: Bitrate(bitsPerSecond: Int(mean { Double($0.meanTarget.bitsPerSecond) })),
            queue95: time { $0.queue95 }, longestQueue: time { $0.longestQueue }, drain: timeOfAll { $0.drain },
            rise: timeOfAll { $0.rise }, audioLoss: mean(\.audioLoss),
            probes: outcomes.reduce(0) { $0 + $1.probes } / count, paddingShare: mean(\.paddingShare), samples: [],
            reasons: [])
    }
}
