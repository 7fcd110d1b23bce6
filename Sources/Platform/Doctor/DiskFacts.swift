/// What is known of the data folder and the disk it lies on.
public struct DiskFacts: Sendable, Hashable {
    public enum Folder: Sendable, Hashable {
        /// It was written to.
        case writable
        /// It cannot be written to, for the kernel's reason.
        case unwritable(reason: String)
        /// There is none yet, but it can be made.
        case absent
    }

    public var path: String
    public var folder: Folder
    public var freeBytes: Int?
    public var freeFiles: Int?
    /// Whether users besides its owner may read it: it holds keys.
    public var isOpenToOthers: Bool

    public init(
        path: String, folder: Folder, freeBytes: Int?, freeFiles: Int? = nil, isOpenToOthers: Bool = false
    ) {
        self.path = path
        self.folder = folder
        self.freeBytes = freeBytes
        self.freeFiles = freeFiles
        self.isOpenToOthers = isOpenToOthers
    }

    /// The database cannot grow, and a checkpoint may fail.
    public static let fewestBytes = 64 << 20
    public static let wantedBytes = 512 << 20
    public static let fewestFiles = 64

    public var findings: [Finding] {
        var found: [Finding] = []
        if case .unwritable(let reason) = folder {
            found.append(
                .problem(
                    .disk, "unwritable", "The data folder \(path) cannot be written to: \(reason).",
                    remedy:
                        "Give it to the user that the server runs as, mount it read-write, or choose another with data."
                ))
        }
        let free = "Free some, or move the data folder to a larger disk."
        if let freeBytes, freeBytes < Self.wantedBytes {
            let message = "The disk of \(path) has \(freeBytes >> 20) MiB left."
            found.append(
                freeBytes < Self.fewestBytes
                    ? .problem(.disk, "diskFull", message, remedy: free)
                    : .warning(.disk, "diskScarce", message, remedy: free))
        }
        if let freeFiles, freeFiles < Self.fewestFiles {
            found.append(
                .problem(
                    .disk, "noFilesLeft", "The file system of \(path) has room for \(freeFiles) more files.",
                    remedy: free))
        }
        if isOpenToOthers {
            found.append(
                .warning(
                    .disk, "openToOthers", "Other users of this machine may read \(path), which holds the keys.",
                    remedy: "chmod 700 \(path)"))
        }
        guard found.isEmpty else { return found }
        let left = freeBytes.map { ", with \($0 >> 20) MiB left" } ?? ""
        return [
            .ok(
                .disk, "diskWell",
                folder == .absent ? "\(path) will be made\(left)." : "\(path) is writable\(left).")
        ]
    }
}
