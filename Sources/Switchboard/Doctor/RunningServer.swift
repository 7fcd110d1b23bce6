import Foundation
import Glibc

/// The server that holds a data folder at present.
struct RunningServer: Sendable {
    let processID: Int32

    /// The server that holds the lock of the folder; nil when none does, or when there is no folder yet.
    static func find(on dataPath: String) -> RunningServer? {
        let descriptor = open(dataPath + "/lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Shared, so that two doctors do not take each other for a server; given back on closing.
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        let text = ProcessFiles.text("\(dataPath)/lock") ?? ""
        return Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)).map(RunningServer.init)
    }
}

/// Files under /proc, which tell no size beforehand.
enum ProcessFiles {
    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func integer(_ path: String) -> Int? {
        text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// The names in a folder; empty where it cannot be read.
    static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// The inodes of the sockets that a process holds.
    static func socketInodes(of process: Int32) -> Set<UInt64> {
        var found: Set<UInt64> = []
        for name in names(in: "/proc/\(process)/fd") {
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(name)"),
                link.hasPrefix("socket:["), let inode = UInt64(link.dropFirst(8).dropLast())
            else { continue }
            found.insert(inode)
        }
        return found
    }
}
