import Glibc

/// How many files and sockets this process may have open.
enum OpenFiles {
    /// Raises the limit to what the system allows: each session of a load run has a socket, and usual limits are low.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
