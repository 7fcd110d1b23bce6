import MediaIO
import Synchronization

/// An actor that lives on a loop, so that a test may touch the loop on its own thread.
actor LoopResident {
    nonisolated let loop: EventLoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(_ backEnd: IOBackEnd) throws {
        loop = try EventLoopExecutor(name: "test-\(backEnd.rawValue)", backEnd: backEnd)
    }

    func perform<Result: Sendable>(_ body: @Sendable (EventLoopExecutor) throws -> Result) rethrows -> Result {
        try body(loop)
    }
}

/// A count that handlers on a loop raise and a test reads.
final class Tally: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { value.load(ordering: .sequentiallyConsistent) }

    /// The count after this one.
    @discardableResult
    func add() -> Int {
        value.add(1, ordering: .sequentiallyConsistent).newValue
    }
}
