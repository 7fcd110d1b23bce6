import CClock
import Doctor
import Foundation
import Glibc
import MediaIO
import ProtocolCore
import ServerConfiguration

/// Watches the clock while the doctor looks.
struct ClockProbe {
    private let difference = Self.realtimeAheadOfMonotonic()

    func facts(timeServer: URL?, service: DoctorService) async -> ClockFacts {
        var facts = ClockFacts(isSynchronized: Self.isSynchronized)
        if let timeServer {
            do {
                facts.ahead = (try await service.secondsAhead(of: timeServer), timeServer.absoluteString)
            } catch {
                facts.timeSourceFailure = "\(error)"
            }
        }
        facts.jump = Self.realtimeAheadOfMonotonic() - difference
        return facts
    }

    private static func realtimeAheadOfMonotonic() -> Double {
        MonotonicClock.unixSeconds() - (MonotonicClock.now() - .zero) / .seconds(1)
    }

    /// adjtimex(2); nil where it is forbidden.
    private static var isSynchronized: Bool? {
        switch cclock_is_synchronized() {
        case 0: false
        case 1: true
        default: nil
        }
    }
}

/// How many files and sockets the server may have open.
enum DescriptorProbe {
    static func facts(server: RunningServer?) -> DescriptorFacts {
        if let server, let limits = ProcessFiles.text("/proc/\(server.processID)/limits"),
            let line = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
        {
            let numbers = line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            if numbers.count >= 2 {
                return DescriptorFacts(
                    hardLimit: numbers[1], softLimit: numbers[0],
                    used: ProcessFiles.names(in: "/proc/\(server.processID)/fd").count)
            }
        }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return DescriptorFacts(hardLimit: Int(clamping: limit.rlim_max), softLimit: Int(clamping: limit.rlim_cur))
    }
}

/// What the kernel gives to the media sockets.
enum BufferProbe {
    static func facts(_ settings: Settings, server: RunningServer?) -> BufferFacts {
        var facts = BufferFacts(
            receiveLimit: ProcessFiles.integer("/proc/sys/net/core/rmem_max"),
            sendLimit: ProcessFiles.integer("/proc/sys/net/core/wmem_max"), wanted: Int(UDPSocket.bufferSize))
        if let server {
            let own = ProcessFiles.socketInodes(of: server.processID)
            let sockets = SocketTable(process: "\(server.processID)").entries.filter { own.contains($0.inode) }
            facts.dropped = sockets.reduce(0) { $0 + $1.drops }
        }
        return facts
    }
}

/// The data folder and the disk below it.
enum DiskProbe {
    static func facts(of path: String) -> DiskFacts {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let exists = attributes != nil
        var facts = DiskFacts(path: path, folder: exists ? tryToWrite(in: path) : parentState(of: path), freeBytes: nil)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
        facts.isOpenToOthers = mode & 0o077 != 0
        var system = statvfs()
        if statvfs(exists ? path : nearestFolder(above: path), &system) == 0 {
            facts.freeBytes = Int(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize))
            // Some file systems make inodes as they need them, and tell of none.
            if system.f_files > 0 { facts.freeFiles = Int(clamping: UInt64(system.f_favail)) }
        }
        return facts
    }

    private static func tryToWrite(in path: String) -> DiskFacts.Folder {
        let file = "\(path)/.doctor-\(getpid())"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return .unwritable(reason: String(cString: strerror(errno))) }
        defer {
            close(descriptor)
            unlink(file)
        }
        guard write(descriptor, file, 1) == 1, fsync(descriptor) == 0 else {
            return .unwritable(reason: String(cString: strerror(errno)))
        }
        return .writable
    }

    private static func parentState(of path: String) -> DiskFacts.Folder {
        access(nearestFolder(above: path), W_OK) == 0 ? .absent : .unwritable(reason: String(cString: strerror(errno)))
    }

    private static func nearestFolder(above path: String) -> String {
        var url = URL(fileURLWithPath: path)
        repeat { url.deleteLastPathComponent() } while access(url.path, F_OK) != 0 && url.path != "/"
        return url.path
    }
}
