// What the tests use of the system itself.

#if canImport(Darwin)
    @_exported import Darwin
#elseif canImport(Musl)
    @_exported import Musl
#elseif canImport(Glibc)
    @_exported import Glibc
#endif

/// Waits until `descriptor` can be read, at most ten seconds; whether it can.
func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 10_000) == 1
}
