import Foundation

/// Finds what compiles on Linux alone, in the text of one source file.
///
/// It follows `#if` and its relatives, in Swift and in C: a word of Linux is fine where the condition says Linux, and a C
/// library may be imported where the condition asks whether there is one.
struct Portability {
    /// A line that would not compile on an Apple system.
    struct Complaint: Equatable, CustomStringConvertible {
        var line: Int
        var word: String

        var description: String { "line \(line): \(word)" }
    }

    /// Names, and beginnings of names, that only Linux has.
    static let linuxWords = [
        "accept4", "csockets_drop_everything", "csockets_receive(", "csockets_segment_control_length",
        "csockets_send(", "csockets_set_segment_size", "EFD_", "EPOLL", "epoll_", "eventfd", "inotify_",
        "<linux/", "mmsghdr", "MSG_NOSIGNAL", "pipe2", "prctl", "/proc/", "pthread_setname_np(pthread_self", "recvmmsg",
        "sched_setaffinity", "sendmmsg", "signalfd", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "SOL_UDP", "timerfd",
        "UDP_SEGMENT",
    ]
    /// The C library, which has another name on each system.
    static let cLibraries: Set<String> = ["Darwin", "Glibc", "Musl"]

    static func complaints(in text: String) -> [Complaint] {
        // Few files name anything of the kind, and looking line by line takes its time in a debug build.
        let words = linuxWords.filter { text.contains($0) }
        guard !words.isEmpty || cLibraries.contains(where: { text.contains($0) }) else { return [] }
        var complaints: [Complaint] = []
        var conditions: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = line.prefix(upTo: line.range(of: "//")?.lowerBound ?? line.endIndex)
                .trimmingPrefix(while: \.isWhitespace)
            if follow(code, &conditions) { continue }
            if let module = SourceTree.importedModule(in: code), cLibraries.contains(module),
                conditions.last?.contains("canImport(\(module))") != true
            {
                complaints.append(Complaint(line: index + 1, word: "import \(module)"))
            }
            guard !conditions.contains(where: saysLinux) else { continue }
            for word in words where code.contains(word) && !conditions.contains(where: { $0.contains(word) }) {
                complaints.append(Complaint(line: index + 1, word: word))
            }
        }
        return complaints
    }

    /// Takes a line that begins, changes or ends a condition; false for any other line.
    private static func follow(_ code: Substring, _ conditions: inout [String]) -> Bool {
        if code.hasPrefix("#if") {
            conditions.append(String(code))
        } else if code.hasPrefix("#elif") || code.hasPrefix("#elseif") {
            if !conditions.isEmpty { conditions[conditions.count - 1] = String(code) }
        } else if code.hasPrefix("#else") {
            if !conditions.isEmpty { conditions[conditions.count - 1] = "#else" }
        } else if code.hasPrefix("#endif") {
            _ = conditions.popLast()
        } else {
            return false
        }
        return true
    }

    private static func saysLinux(_ condition: String) -> Bool {
        guard condition.contains("os(Linux)") || condition.contains("__linux__") else { return false }
        return !condition.hasPrefix("#ifndef") && !condition.contains("!os(Linux)")
            && !condition.contains("!defined(__linux__)") && !condition.contains("||")
    }
}
