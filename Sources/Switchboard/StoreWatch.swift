import Logging
import Metrics
import ServiceLifecycle
import Store

/// Tries again and again whether the database can be written to, so that `/readyz` tells the truth about a server that
/// stores nothing for a while, and notices when space is free again.
struct StoreWatch: Service {
    /// How often while all is well; a write wakes the disk.
    static let interval: Duration = .seconds(30)
    /// How often while writes fail.
    static let failingInterval: Duration = .seconds(2)

    let database: StoreDatabase
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known: StoreError?
            var lastProbe = ContinuousClock.now
            while !Task.isCancelled {
                let failure = database.health.failure
                if failure != known { report(failure) }
                known = failure
                do { try await Task.sleep(for: Self.failingInterval) } catch { return }
                // A request may have found out meanwhile that writes fail.
                guard database.health.failure != nil || ContinuousClock.now - lastProbe >= Self.interval else {
                    continue
                }
                await database.probe()
                lastProbe = .now
            }
        }
    }

    private func report(_ failure: StoreError?) {
        Gauge(label: "switchboard_store_writable").record(failure == nil ? 1 : 0)
        if let failure {
            logger.error("\(failure) The server is not ready until that changes.")
        } else {
            logger.notice("The database can be written to again.")
        }
    }
}
