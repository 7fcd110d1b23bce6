import Glibc
public import Logging
import Synchronization

/// Where log lines go, and which of them; both can change while the program runs.
///
/// A line that cannot be written, since the disk is full or the reader of a pipe is gone, is lost: no log is worth a
/// call.
public final class LogOutput: Sendable {
    /// The file cannot be opened.
    public struct OpenError: Error, CustomStringConvertible {
        public let path: String
        public let reason: String

        public var description: String { "The log file \(path) cannot be opened: \(reason)." }
    }

    private let path: String?
    private let descriptor: Mutex<Int32>
    private let threshold: Mutex<Logger.Level>

    /// - Parameter path: A file that lines are appended to, made if it is not there; nil for standard error.
    public init(path: String?, level: Logger.Level) throws(OpenError) {
        self.path = path
        descriptor = Mutex(try path.map { path throws(OpenError) in try Self.open(path) } ?? STDERR_FILENO)
        threshold = Mutex(level)
    }

    deinit {
        if path != nil { descriptor.withLock { _ = Glibc.close($0) } }
    }

    /// The least severe messages that are logged.
    public var level: Logger.Level {
        get { threshold.withLock { $0 } }
        set { threshold.withLock { $0 = newValue } }
    }

    /// Opens the file anew, after somebody has moved it away. When that fails, lines go where they went before.
    public func reopen() throws(OpenError) {
        guard let path else { return }
        let new = try Self.open(path)
        let old = descriptor.withLock { descriptor in
            let old = descriptor
            descriptor = new
            return old
        }
        _ = Glibc.close(old)
    }

    /// Writes a line, which ends with a line feed, in one system call where the system allows it, so that lines of
    /// several threads do not mix.
    public func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            descriptor.withLock { descriptor in
                var written = 0
                while written < bytes.count {
                    let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { return }
                    written += count
                }
            }
        }
    }

    private static func open(_ path: String) throws(OpenError) -> Int32 {
        // Readable for the group, as log files are: those who may read logs are not those who run the server.
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw OpenError(path: path, reason: String(cString: strerror(errno))) }
        return descriptor
    }
}
