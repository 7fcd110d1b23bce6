import ProtocolCore
import Testing

@testable import MediaIO

@Suite("Waiting", .timeLimit(.minutes(1)), .serialized)
struct PollerTests {
    private func send(to destination: borrowing UDPSocket, from source: borrowing UDPSocket) throws {
        var leaving = SendBatch(usesSegmentation: false)
        leaving.begin(destination.local, onIPv6Socket: false)
        leaving.reserve().storeBytes(of: 1, as: UInt8.self)
        leaving.commit(length: 1)
        leaving.flush(to: source)
        try #require(isReadable(destination.descriptor))
    }

    private func events(_ poller: Poller, milliseconds: Int32 = 0) -> [Int32: Poller.Readiness] {
        var found: [Int32: Poller.Readiness] = [:]
        for index in 0..<poller.wait(milliseconds: milliseconds) {
            if let event = poller.event(index) { found[event.descriptor] = event.readiness }
        }
        return found
    }

    @Test("A wake-up ends the next wait, however many there were", arguments: IOBackEnd.allCases)
    func wakeUp(backEnd: IOBackEnd) throws {
        let poller = try Poller(backEnd)
        // More than a pipe holds: no wake-up may block.
        for _ in 0..<100_000 { poller.wakeUp() }
        #expect(events(poller, milliseconds: -1).isEmpty)
        #expect(poller.wait(milliseconds: 0) == 0, "the wake-ups are still there")
        poller.wakeUp()
        #expect(poller.wait(milliseconds: -1) == 1)
        #expect(poller.event(0) == nil)
        #expect(poller.wait(milliseconds: 0) == 0)
    }

    @Test("Only what is asked for is told", arguments: IOBackEnd.allCases)
    func interests(backEnd: IOBackEnd) throws {
        let poller = try Poller(backEnd)
        let near = try UDPSocket(bindingTo: .loopback(port: 0))
        let far = try UDPSocket(bindingTo: .loopback(port: 0))
        poller.watch(near.descriptor, for: .readable)
        #expect(events(poller).isEmpty)
        poller.watch(near.descriptor, for: [.readable, .writable])
        #expect(events(poller) == [near.descriptor: .writable])
        try send(to: near, from: far)
        #expect(events(poller) == [near.descriptor: [.readable, .writable]])
        poller.watch(near.descriptor, for: .readable)
        #expect(events(poller, milliseconds: -1) == [near.descriptor: .readable])
        // Nothing was read, so it is told again.
        #expect(events(poller, milliseconds: -1) == [near.descriptor: .readable])
        poller.watch(near.descriptor, for: .writable)
        #expect(events(poller) == [near.descriptor: .writable])
        poller.forget(near.descriptor)
        #expect(events(poller).isEmpty)
        poller.forget(near.descriptor)
        poller.watch(near.descriptor, for: .readable)
        #expect(events(poller) == [near.descriptor: .readable])
    }

    @Test("Forgetting one keeps the others", arguments: IOBackEnd.allCases, 0..<3)
    func forgetting(backEnd: IOBackEnd, forgotten: Int) throws {
        let poller = try Poller(backEnd)
        let source = try UDPSocket(bindingTo: .loopback(port: 0))
        let first = try UDPSocket(bindingTo: .loopback(port: 0))
        let second = try UDPSocket(bindingTo: .loopback(port: 0))
        let third = try UDPSocket(bindingTo: .loopback(port: 0))
        let descriptors = [first.descriptor, second.descriptor, third.descriptor]
        for descriptor in descriptors { poller.watch(descriptor, for: .readable) }
        try send(to: first, from: source)
        try send(to: second, from: source)
        try send(to: third, from: source)
        #expect(Set(events(poller).keys) == Set(descriptors))
        poller.forget(descriptors[forgotten])
        let kept = Set(descriptors).subtracting([descriptors[forgotten]])
        #expect(Set(events(poller).keys) == kept)
        for descriptor in kept { poller.watch(descriptor, for: .writable) }
        #expect(events(poller) == Dictionary(uniqueKeysWithValues: kept.map { ($0, .writable) }))
    }

    @Test("The end of a stream is told to readers and writers", arguments: IOBackEnd.allCases)
    func brokenStream(backEnd: IOBackEnd) throws {
        let poller = try Poller(backEnd)
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, streamType, 0, &ends) == 0)
        poller.watch(ends[0], for: .readable)
        #expect(events(poller).isEmpty)
        close(ends[1])
        #expect(events(poller, milliseconds: -1)[ends[0]]?.contains(.readable) == true)
        poller.watch(ends[0], for: .writable)
        #expect(events(poller, milliseconds: -1)[ends[0]]?.contains(.writable) == true)
        poller.forget(ends[0])
        close(ends[0])
    }

    @Test("A descriptor that was closed too early does not keep the loop awake", arguments: IOBackEnd.allCases)
    func closedDescriptor(backEnd: IOBackEnd) throws {
        let poller = try Poller(backEnd)
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        // A number so high that no other test gets it meanwhile.
        let copy = fcntl(socket.descriptor, F_DUPFD, 200)
        try #require(copy >= 200)
        poller.watch(copy, for: .writable)
        #expect(events(poller) == [copy: .writable])
        poller.watch(copy, for: .readable)
        close(copy)
        #expect(events(poller).isEmpty)
        #expect(events(poller).isEmpty)
    }

    private var streamType: Int32 {
        #if canImport(Glibc)
            Int32(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }
}
