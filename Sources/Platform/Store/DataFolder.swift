#if canImport(Glibc)
    import Glibc
#endif

/// The folder in which one server keeps everything that must outlive it: database, keys, certificate.
///
/// Files are replaced whole: the new content goes to a temporary file, is flushed to the disk and then renamed over
/// the old one, so that after a crash a reader sees either the old content or the new one.
public final class DataFolder: Sendable {
    /// The path of the folder as it was given.
    public let path: String
    private let lockDescriptor: CInt

    /// Opens the folder for a server: creates it where needed and takes its lock for the life of this value.
    ///
    /// - Throws: `DataFolderError.inUse` when another process holds the lock.
    public static func openForServer(at path: String) throws(DataFolderError) -> DataFolder {
        try createFolder(path, mode: 0o700)
        try createFolder(path + "/keys", mode: 0o700)
        try createFolder(path + "/tls", mode: 0o700)
        let lockPath = path + "/lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw systemError("open", lockPath) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = readAll(descriptor).flatMap { String(validating: $0, as: UTF8.self) }
            close(descriptor)
            let trimmed = owner?.filter(\.isNumber)
            throw .inUse(path: path, processID: trimmed?.isEmpty == false ? trimmed : nil)
        }
        if ftruncate(descriptor, 0) == 0 {
            let line = Array("\(getpid())\n".utf8)
            _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        }
        return DataFolder(path: path, lockDescriptor: descriptor)
    }

    private init(path: String, lockDescriptor: CInt) {
        self.path = path
        self.lockDescriptor = lockDescriptor
    }

    deinit { close(lockDescriptor) }

    /// The path of a file of the folder, for example `keys/token-signing-key.pem`.
    public func path(of file: String) -> String { path + "/" + file }

    /// The bytes of a file of the folder, or nil when there is no such file.
    public func read(_ file: String) throws(DataFolderError) -> [UInt8]? {
        try Self.readFile(path(of: file))
    }

    /// The text of a file of the folder, or nil when there is no such file.
    public func readText(_ file: String) throws(DataFolderError) -> String? {
        guard let bytes = try read(file) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .damaged(path: path(of: file), reason: "it is not UTF-8 text")
        }
        return text
    }

    /// Replaces a file of the folder as a whole, readable by its owner alone unless `mode` says otherwise.
    public func replace(_ file: String, with bytes: [UInt8], mode: UInt32 = 0o600) throws(DataFolderError) {
        let target = path(of: file)
        let temporary = target + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.systemError("create", temporary) }
        defer { close(descriptor) }
        // The mode of `open` is subject to the umask and is ignored for a file that a crash left behind.
        guard fchmod(descriptor, mode) == 0 else { throw Self.systemError("set the mode of", temporary) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { throw Self.systemError("write", temporary) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw Self.systemError("flush", temporary) }
        guard rename(temporary, target) == 0 else { throw Self.systemError("rename", temporary) }
        try Self.flushFolder(of: target)
    }

    /// Replaces a text file of the folder as a whole.
    public func replace(_ file: String, with text: String, mode: UInt32 = 0o600) throws(DataFolderError) {
        try replace(file, with: Array(text.utf8), mode: mode)
    }

    /// The bytes of any file, or nil when there is no such file. For readers that are not the server of the folder.
    public static func readFile(_ path: String) throws(DataFolderError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw systemError("open", path)
        }
        defer { close(descriptor) }
        guard let bytes = readAll(descriptor) else { throw systemError("read", path) }
        return bytes
    }

    private static func readAll(_ descriptor: CInt) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 { return nil }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func createFolder(_ path: String, mode: UInt32) throws(DataFolderError) {
        // A relative or absolute path of several parts: each missing part is made.
        var prefix = path.hasPrefix("/") ? "/" : ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + part
            let isLast = index == parts.count - 1
            if mkdir(prefix, isLast ? mode : 0o755) != 0, errno != EEXIST { throw systemError("create", prefix) }
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw systemError("open", path) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .system(operation: "use", path: path, reason: "it is not a folder")
        }
    }

    private static func flushFolder(of file: String) throws(DataFolderError) {
        let end = file.lastIndex(of: "/") ?? file.startIndex
        let folder = String(file[..<end])
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError("flush", folder) }
    }

    private static func systemError(_ operation: String, _ path: String) -> DataFolderError {
        .system(operation: operation, path: path, reason: String(cString: strerror(errno)))
    }
}
