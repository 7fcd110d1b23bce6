internal import Glibc

/// What a process has used of the machine, as the kernel tells it (proc(5)).
public struct ProcessUsage: Hashable, Sendable {
    /// CPU time of all its threads, those that have ended among them: user and system, in steps of 10 ms.
    public var cpu: Duration
    /// Memory that is in RAM, in bytes: anonymous, files and shared.
    public var residentBytes: Int

    /// Of that what belongs to the process alone (anonymous): not its program and libraries, of which more pages are read
    /// in as more of them is used.
    public var ownBytes: Int

    public init(cpu: Duration, residentBytes: Int, ownBytes: Int) {
        self.cpu = cpu
        self.residentBytes = residentBytes
        self.ownBytes = ownBytes
    }

    /// The usage of a running process; nil when there is none with this id.
    public static func of(process: Int32) -> ProcessUsage? {
        guard let stat = read("/proc/\(process)/stat"), let statm = read("/proc/\(process)/statm") else { return nil }
        return ProcessUsage(
            stat: stat, statm: statm, ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
            pageSize: sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The usage of this process.
    public static func own() -> ProcessUsage? { of(process: getpid()) }

    /// Reads the texts of `/proc/PID/stat` and `/proc/PID/statm`.
    init?(stat: String, statm: String, ticksPerSecond: Int, pageSize: Int) {
        // The program's name stands in brackets and may hold anything, brackets and blanks too.
        guard let bracket = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(whereSeparator: \.isWhitespace)
        let pages = statm.split(whereSeparator: \.isWhitespace)
        // The first field here is the third of the file; utime is the 14th, stime the 15th.
        guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]), pages.count > 2,
            let resident = Int(pages[1]), let shared = Int(pages[2])
        else { return nil }
        let (ticks, overflow) = user.addingReportingOverflow(system)
        guard !overflow else { return nil }
        cpu = .nanoseconds(ticks &* (1_000_000_000 / Int64(ticksPerSecond)))
        residentBytes = resident &* pageSize
        ownBytes = (resident &- shared) &* pageSize
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
