internal import CSockets
internal import ProtocolCore
internal import Synchronization

/// A serial executor that is one thread around one set of sockets: jobs come from any thread, packets are handled here.
///
/// An actor that names it as its executor may use `assumeIsolated` inside the handlers, so that a packet costs no hop.
/// A job delays packets: keep jobs under 100 µs and never block.
public final class EventLoopExecutor: SerialExecutor, @unchecked Sendable {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    /// Its `wakeUp` is for any thread, the rest for this one alone.
    private nonisolated(unsafe) let poller: Poller
    private let inbox = Mutex(Inbox())
    /// The thread is woken only while it sleeps.
    private let isSleeping = Atomic<Bool>(false)
    /// 0 until the thread runs.
    private let thread = Atomic<UInt>(0)
    // Touched on the thread alone.
    private nonisolated(unsafe) var readers: [Int32: () -> Void] = [:]
    private nonisolated(unsafe) var writers: [Int32: () -> Void] = [:]
    private nonisolated(unsafe) var onTick: (() -> Void)?
    private nonisolated(unsafe) var tickInterval: Duration = .zero
    private nonisolated(unsafe) var nextTick: Instant?
    private nonisolated(unsafe) var onAlarm: (() -> Void)?
    private nonisolated(unsafe) var nextAlarm: Instant?

    public let name: String

    /// Starts the thread. `name` shows in `top -H`, cut to 15 characters.
    public convenience init(name: String) throws(SystemError) {
        try self.init(name: name, backEnd: .preferred)
    }

    package init(name: String, backEnd: IOBackEnd) throws(SystemError) {
        self.name = name
        poller = try Poller(backEnd)
        let retained = Unmanaged.passRetained(self)
        let result = csockets_start_thread(
            name, { Unmanaged<EventLoopExecutor>.fromOpaque($0).takeRetainedValue().run() }, retained.toOpaque())
        guard result == 0 else {
            retained.release()
            throw SystemError("pthread_create", errno: result)
        }
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
        thread.load(ordering: .acquiring) == csockets_current_thread()
    }

    /// Calls `handler` on the thread whenever `descriptor` can be read. On the thread only.
    public func whenReadable(_ descriptor: Int32, _ handler: @escaping () -> Void) {
        checkIsolated()
        readers[descriptor] = handler
        watch(descriptor)
    }

    /// Calls `handler` on the thread whenever `descriptor` can be written, so over and over until `stopWritable`: for
    /// streams while something waits to be sent. On the thread only.
    public func whenWritable(_ descriptor: Int32, _ handler: @escaping () -> Void) {
        checkIsolated()
        writers[descriptor] = handler
        watch(descriptor)
    }

    /// Ends `whenWritable`, and leaves `whenReadable` as it is. On the thread only.
    public func stopWritable(_ descriptor: Int32) {
        checkIsolated()
        guard writers.removeValue(forKey: descriptor) != nil else { return }
        watch(descriptor)
    }

    /// Stops watching; before the descriptor is closed. On the thread only.
    public func forget(_ descriptor: Int32) {
        checkIsolated()
        readers[descriptor] = nil
        writers[descriptor] = nil
        poller.forget(descriptor)
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
        if isSleeping.exchange(false, ordering: .sequentiallyConsistent) { poller.wakeUp() }
    }

    private func watch(_ descriptor: Int32) {
        var interest: Poller.Readiness = []
        if readers[descriptor] != nil { interest.insert(.readable) }
        if writers[descriptor] != nil { interest.insert(.writable) }
        if interest.isEmpty { poller.forget(descriptor) } else { poller.watch(descriptor, for: interest) }
    }

    private func run() {
        thread.store(csockets_current_thread(), ordering: .releasing)
        let executor = asUnownedSerialExecutor()
        var batch: [UnownedJob] = []
        while true {
            // Announce sleep first, then look for jobs: a job queued in between wakes the thread.
            isSleeping.store(true, ordering: .sequentiallyConsistent)
            let isStopped = inbox.withLock { inbox in
                swap(&batch, &inbox.jobs)
                return inbox.isStopped
            }
            var timeout = millisecondsUntilTick()
            if !batch.isEmpty {
                isSleeping.store(false, ordering: .sequentiallyConsistent)
                timeout = 0
                for job in batch { job.runSynchronously(on: executor) }
                batch.removeAll(keepingCapacity: true)
            } else if isStopped {
                readers = [:]
                writers = [:]
                stopTicking()
                return
            }
            let count = poller.wait(milliseconds: timeout)
            isSleeping.store(false, ordering: .sequentiallyConsistent)
            for index in 0..<count {
                if let event = poller.event(index) { deliver(event) }
            }
            runTickIfDue()
        }
    }

    /// Looks the handlers up one by one, since each may have forgotten the descriptor.
    private func deliver(_ event: Poller.Event) {
        if event.readiness.contains(.readable) { readers[event.descriptor]?() }
        if event.readiness.contains(.writable) { writers[event.descriptor]?() }
    }

    /// Rounded up, so that the wait does not end just before; -1 when nothing is due.
    private func millisecondsUntilTick() -> Int32 {
        guard var next = nextTick ?? nextAlarm else { return -1 }
        if let nextAlarm, nextAlarm < next { next = nextAlarm }
        let wait = next - MonotonicClock.now()
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
