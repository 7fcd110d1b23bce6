import GRDB
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Writes to the database, and knows whether that works.
struct StoreWriter: Sendable {
    let pool: DatabasePool
    let path: String
    let health: StoreHealth

    /// Runs a transaction that is durable when the call returns.
    ///
    /// - Throws: `StoreError.cannotWrite` when the disk does not take it; what the transaction throws otherwise.
    func write<Value: Sendable>(_ updates: @Sendable @escaping (Database) throws -> Value) async throws -> Value {
        do {
            let value = try await pool.write(updates)
            health.note(nil)
            return value
        } catch let error as DatabaseError {
            guard let failure = failure(of: error) else { throw error }
            let storeError = StoreError.cannotWrite(path: path, failure)
            health.note(storeError)
            throw storeError
        }
    }

    /// What is wrong with the disk; nil when the error is about what was to be written.
    private func failure(of error: DatabaseError) -> StoreError.WriteFailure? {
        switch error.resultCode {
        case .SQLITE_FULL: .diskFull
        case .SQLITE_READONLY, .SQLITE_PERM: .readOnly
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_CORRUPT, .SQLITE_NOTADB:
            // What SQLite keeps beside the database grows as well, and reports less exactly that it cannot.
            hasSpace ? .other(error.message ?? error.description) : .diskFull
        default: nil
        }
    }

    private var hasSpace: Bool {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return true }
        return status.f_bavail * status.f_frsize >= 65_536
    }
}

/// Whether the last write to the database succeeded.
public final class StoreHealth: Sendable {
    private let state = Mutex<StoreError?>(nil)

    init() {}

    /// Why writes fail at present; nil when they do not.
    public var failure: StoreError? {
        state.withLock { $0 }
    }

    func note(_ failure: StoreError?) {
        state.withLock { $0 = failure }
    }
}
