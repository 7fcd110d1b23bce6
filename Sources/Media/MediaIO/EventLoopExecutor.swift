internal import CSockets
internal import Glibc
internal import ProtocolCore
internal import Synchronization

/// A serial executor that is one thread around one epoll set: jobs come from any thread, packets are handled here.
///
/// An actor that names it as its executor may use `assumeIsolated` inside the handlers, so that a packet costs no hop.
/// A job delays packets: keep jobs under 100 µs and never block.
public final class EventLoopExecutor: SerialExecutor, @unchecked Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let epoll: Int32
    private let wake: Int32
    private let inbox = Mutex(Inbox())
    /// The event descriptor is written only while the thread sleeps.
    private let isSleeping = Atomic<Bool>(false)
    private let threadIsKnown = Atomic<Bool>(false)
    private nonisolated(unsafe) var thread: pthread_t = 0
    // Touched on the thread alone.
    private nonisolated(unsafe) var readers: [Int32: () -> Void] = [:]
    private nonisolated(unsafe) var onTick: (() -> Void)?
    private nonisolated(unsafe) var tickInterval: Duration = .zero
    private nonisolated(unsafe) var nextTick: Instant?
    private nonisolated(unsafe) var onAlarm: (() -> Void)?
    private nonisolated(unsafe) var nextAlarm: Instant?

    public let name: String

    /// Starts the thread. `name` shows in `top -H`, cut to 15 characters.
    public init(name: String) throws(SystemError) {
        self.name = name
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wake = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wake >= 0 else { throw SystemError("eventfd") }
        watch(wake)
        let pointer = Unmanaged.passRetained(self).toOpaque()
        var thread: pthread_t = 0
        let result = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<EventLoopExecutor>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, pointer)
        guard result == 0 else { throw SystemError("pthread_create", errno: result) }
        csockets_name_thread(thread, name)
        pthread_detach(thread)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        inbox.withLock { $0.jobs.append(job) }
        if !isOnThread { wakeUp() }
    }

    public func checkIsolated() {
        precondition(isOnThread, "not on the event loop thread \(name)")
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isOnThread
    }

    private var isOnThread: Bool {
        threadIsKnown.load(ordering: .acquiring) && pthread_equal(pthread_self(), thread) != 0
    }

    /// Calls `handler` on the thread whenever `descriptor` can be read. On the thread only.
    public func whenReadable(_ descriptor: Int32, _ handler: @escaping () -> Void) {
        checkIsolated()
        readers[descriptor] = handler
        watch(descriptor)
    }

    /// Stops watching; before the descriptor is closed. On the thread only.
    public func forget(_ descriptor: Int32) {
        checkIsolated()
        readers[descriptor] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Calls `handler` every `interval` until `stopTicking`; late ticks are not made up for. On the thread only.
    public func tick(every interval: Duration, _ handler: @escaping () -> Void) {
        checkIsolated()
        onTick = handler
        tickInterval = interval
        nextTick = MonotonicClock.now() + interval
    }

    /// Calls `handler` once on the thread, after `delay`; a later call replaces an earlier one that is still due.
    /// On the thread only.
    public func callOnce(after delay: Duration, _ handler: @escaping () -> Void) {
        checkIsolated()
        onAlarm = handler
        nextAlarm = MonotonicClock.now() + delay
    }

    public func stopTicking() {
        checkIsolated()
        onTick = nil
        nextTick = nil
        onAlarm = nil
        nextAlarm = nil
    }

    /// Ends the thread after the jobs that are already queued.
    public func stop() {
        inbox.withLock { $0.isStopped = true }
        wakeUp()
    }

    private func wakeUp() {
        guard isSleeping.exchange(false, ordering: .sequentiallyConsistent) else { return }
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    private func watch(_ descriptor: Int32) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.fd = descriptor
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    private func run() {
        thread = pthread_self()
        threadIsKnown.store(true, ordering: .releasing)
        let executor = asUnownedSerialExecutor()
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer {
            events.deallocate()
            close(epoll)
            close(wake)
        }
        var batch: [UnownedJob] = []
        while true {
            // Announce sleep first, then look for jobs: a job queued in between writes the event descriptor.
            isSleeping.store(true, ordering: .sequentiallyConsistent)
            let isStopped = inbox.withLock { inbox in
                swap(&batch, &inbox.jobs)
                return inbox.isStopped
            }
            var timeout = timeUntilTick()
            if !batch.isEmpty {
                isSleeping.store(false, ordering: .sequentiallyConsistent)
                timeout = 0
                for job in batch { job.runSynchronously(on: executor) }
                batch.removeAll(keepingCapacity: true)
            } else if isStopped {
                readers = [:]
                onTick = nil
                return
            }
            let count = epoll_wait(epoll, events, Int32(capacity), timeout)
            isSleeping.store(false, ordering: .sequentiallyConsistent)
            for index in 0..<max(0, Int(count)) {
                let descriptor = events[index].data.fd
                if descriptor == wake {
                    var value: UInt64 = 0
                    _ = read(wake, &value, 8)
                } else {
                    readers[descriptor]?()
                }
            }
            runTickIfDue()
        }
    }

    private func timeUntilTick() -> Int32 {
        guard let next = [nextTick, nextAlarm].compactMap(\.self).min() else { return -1 }
        let nextTick = next
        let wait = nextTick - MonotonicClock.now()
        return Int32(clamping: max(0, (wait.nanoseconds + 999_999) / 1_000_000))
    }

    private func runTickIfDue() {
        guard nextTick != nil || nextAlarm != nil else { return }
        let now = MonotonicClock.now()
        if let due = nextAlarm, now >= due {
            nextAlarm = nil
            onAlarm?()
        }
        guard let due = nextTick else { return }
        guard now >= due else { return }
        nextTick = now + tickInterval
        onTick?()
    }
}
