internal import CSockets

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// Waits in `poll`, and is woken by a pipe: what every POSIX system has.
///
/// The kernel looks at every descriptor on each wait, which is nothing for a client's few sockets and too much for a
/// server's thousands.
final class PollPoller {
    /// The pipe's reading end first, then what is watched.
    private var entries: [pollfd]
    /// Where in `entries` a descriptor is.
    private var places: [Int32: Int] = [:]
    /// What the last wait found, nil for a wake-up.
    private var ready: [Poller.Event?] = []
    private let wakeSource: Int32
    private let wakeTarget: Int32

    init() throws(SystemError) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { bytes in
            bytes.withMemoryRebound(to: Int32.self) { $0.baseAddress.map { csockets_pipe($0) } ?? -1 }
        }
        guard result == 0 else { throw SystemError("pipe") }
        (wakeSource, wakeTarget) = ends
        entries = [pollfd(fd: ends.0, events: Int16(POLLIN), revents: 0)]
    }

    deinit {
        close(wakeSource)
        close(wakeTarget)
    }

    func watch(_ descriptor: Int32, for interest: Poller.Readiness) {
        var events: Int16 = 0
        if interest.contains(.readable) { events |= Int16(POLLIN) }
        if interest.contains(.writable) { events |= Int16(POLLOUT) }
        if let place = places[descriptor] {
            entries[place].events = events
        } else {
            places[descriptor] = entries.count
            entries.append(pollfd(fd: descriptor, events: events, revents: 0))
        }
    }

    func forget(_ descriptor: Int32) {
        guard let place = places.removeValue(forKey: descriptor) else { return }
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[last.fd] = place
    }

    func wait(milliseconds: Int32) -> Int {
        ready.removeAll(keepingCapacity: true)
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return 0 }
        if entries[0].revents != 0 {
            drainPipe()
            ready.append(nil)
        }
        var closed: [Int32] = []
        for entry in entries.dropFirst() where entry.revents != 0 {
            if entry.revents & Int16(POLLNVAL) != 0 {
                closed.append(entry.fd)
                continue
            }
            var readiness: Poller.Readiness = []
            if entry.revents & ~Int16(POLLOUT) != 0 { readiness.insert(.readable) }
            if entry.revents & ~Int16(POLLIN) != 0 { readiness.insert(.writable) }
            ready.append(Poller.Event(descriptor: entry.fd, readiness: readiness))
        }
        // A descriptor that was closed before it was forgotten would end every wait at once.
        for descriptor in closed { forget(descriptor) }
        return ready.count
    }

    /// What was ready is copied out in `wait`, so that handlers may change what is watched.
    func event(_ index: Int) -> Poller.Event? {
        ready[index]
    }

    func wakeUp() {
        // A full pipe refuses the byte, and is a wake-up already.
        var one: UInt8 = 1
        _ = write(wakeTarget, &one, 1)
    }

    private func drainPipe() {
        var bytes: UInt64 = 0
        while read(wakeSource, &bytes, 8) == 8 {}
    }
}
