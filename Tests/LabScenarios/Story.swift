import ProtocolCore
import TestSupport

/// A call that is told once, for its own test and for the scoreboard.
struct Story: Sendable {
    let name: String
    private let telling: Task<Outcome, any Error>

    /// What came of it.
    struct Outcome: Sendable {
        /// From the receiver's joining until the best layer is shown and stays.
        var converged: Duration?
        /// From a drop of the link until its queue stays short.
        var drained: Duration?
        /// From the link's recovery until the best layer is back and stays.
        var recovered: Duration?
        /// Of the part that counts, which the scoreboard shows.
        var figures: Figures
    }

    init(_ name: String, tell: @escaping @Sendable () throws -> Outcome) {
        self.name = name
        telling = Task.detached { try await LongWork.run(tell) }
    }

    var outcome: Outcome {
        get async throws { try await telling.value }
    }
}
