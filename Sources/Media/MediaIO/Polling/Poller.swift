/// What an event loop waits in: a set of descriptors, and a way for other threads to end the wait.
///
/// The cases have the same methods. `wakeUp` is called from any thread, all else by the loop's thread alone. The enum
/// is asked once per wake-up and event, never per packet.
enum Poller {
    #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
        case epoll(EpollPoller)
    #endif
    case poll(PollPoller)

    /// What a descriptor is ready for, or is to be watched for.
    struct Readiness: OptionSet {
        let rawValue: UInt8

        static let readable = Readiness(rawValue: 1)
        static let writable = Readiness(rawValue: 2)
    }

    /// A descriptor that is ready. One that is broken is ready for everything: the next call on it says why.
    struct Event: Equatable {
        var descriptor: Int32
        var readiness: Readiness
    }

    init(_ backEnd: IOBackEnd) throws(SystemError) {
        switch backEnd {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .linux: self = .epoll(try EpollPoller())
        #endif
        case .portable: self = .poll(try PollPoller())
        }
    }

    /// Watches `descriptor` for `interest` from now on, in place of what it was watched for before.
    func watch(_ descriptor: Int32, for interest: Readiness) {
        switch self {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .epoll(let poller): poller.watch(descriptor, for: interest)
        #endif
        case .poll(let poller): poller.watch(descriptor, for: interest)
        }
    }

    func forget(_ descriptor: Int32) {
        switch self {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .epoll(let poller): poller.forget(descriptor)
        #endif
        case .poll(let poller): poller.forget(descriptor)
        }
    }

    /// Waits until a descriptor is ready, `wakeUp` is called, or `milliseconds` are over (-1: never); returns how many
    /// events there are.
    func wait(milliseconds: Int32) -> Int {
        switch self {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .epoll(let poller): poller.wait(milliseconds: milliseconds)
        #endif
        case .poll(let poller): poller.wait(milliseconds: milliseconds)
        }
    }

    /// Event `index` of the last `wait`; nil for one that was a wake-up.
    func event(_ index: Int) -> Event? {
        switch self {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .epoll(let poller): poller.event(index)
        #endif
        case .poll(let poller): poller.event(index)
        }
    }

    /// Ends the wait that goes on, or the next one.
    func wakeUp() {
        switch self {
        #if os(Linux) && !SWITCHBOARD_PORTABLE_IO
            case .epoll(let poller): poller.wakeUp()
        #endif
        case .poll(let poller): poller.wakeUp()
        }
    }
}
