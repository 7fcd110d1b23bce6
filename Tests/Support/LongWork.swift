import Foundation

/// Work of many seconds that never waits, such as minutes of a call in virtual time.
///
/// Swift's own threads are as many as the machine has cores, and all tests share them: such work would stop every other
/// test for as long as it lasts, and those with time limits of their own would fail. So it has two threads of its own.
package enum LongWork {
    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 2
        queue.qualityOfService = .utility
        return queue
    }()

    package static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.addOperation { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}
