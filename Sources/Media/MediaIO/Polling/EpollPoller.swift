#if os(Linux) && !SWITCHBOARD_PORTABLE_IO
    internal import CSockets
    #if canImport(Musl)
        internal import Musl
    #elseif canImport(Glibc)
        internal import Glibc
    #endif

    /// Waits in epoll, and is woken by an event descriptor.
    final class EpollPoller {
        /// Events taken per wait.
        private static let capacity = 64

        private let epoll: Int32
        private let wake: Int32
        private let events: UnsafeMutablePointer<epoll_event>

        init() throws(SystemError) {
            let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
            guard epoll >= 0 else { throw SystemError("epoll_create1") }
            let wake = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
            guard wake >= 0 else {
                let error = SystemError("eventfd")
                close(epoll)
                throw error
            }
            self.epoll = epoll
            self.wake = wake
            events = .allocate(capacity: Self.capacity)
            events.initialize(repeating: epoll_event(), count: Self.capacity)
            watch(wake, for: .readable)
        }

        deinit {
            events.deallocate()
            close(epoll)
            close(wake)
        }

        func watch(_ descriptor: Int32, for interest: Poller.Readiness) {
            var event = epoll_event()
            if interest.contains(.readable) { event.events |= EPOLLIN.rawValue }
            if interest.contains(.writable) { event.events |= EPOLLOUT.rawValue }
            event.data.fd = descriptor
            if epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) != 0, errno == ENOENT {
                epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
            }
        }

        func forget(_ descriptor: Int32) {
            epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
        }

        func wait(milliseconds: Int32) -> Int {
            max(0, Int(epoll_wait(epoll, events, Int32(Self.capacity), milliseconds)))
        }

        func event(_ index: Int) -> Poller.Event? {
            let event = events[index]
            if event.data.fd == wake {
                var value: UInt64 = 0
                _ = read(wake, &value, 8)
                return nil
            }
            var readiness: Poller.Readiness = []
            if event.events & ~EPOLLOUT.rawValue != 0 { readiness.insert(.readable) }
            if event.events & ~EPOLLIN.rawValue != 0 { readiness.insert(.writable) }
            return Poller.Event(descriptor: event.data.fd, readiness: readiness)
        }

        func wakeUp() {
            var one: UInt64 = 1
            _ = write(wake, &one, 8)
        }
    }
#endif
