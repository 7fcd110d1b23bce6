/// Why a data folder could not be opened, read or written.
public enum DataFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another running server holds the folder's lock; `processID` is what that server wrote into the lock file.
    case inUse(path: String, processID: String?)
    /// The operating system refused an operation; `reason` is its own sentence.
    case system(operation: String, path: String, reason: String)
    /// A file of the folder does not hold what it should.
    case damaged(path: String, reason: String)
    /// A file that the folder of a server holds is absent.
    case missing(path: String)

    public var description: String {
        switch self {
        case .inUse(let path, let processID):
            let owner = processID.map { " (process \($0))" } ?? ""
            return "Another switchboard server\(owner) is using the data folder \(path). "
                + "Stop that server, or give this one another folder with --data."
        case .system(let operation, let path, let reason):
            return "Cannot \(operation) \(path): \(reason)."
        case .damaged(let path, let reason):
            return "The file \(path) is damaged: \(reason)."
        case .missing(let path):
            return "There is no file \(path). A data folder is filled when `switchboard serve` first runs on it."
        }
    }
}
