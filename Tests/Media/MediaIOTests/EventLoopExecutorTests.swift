import ProtocolCore
import Testing

@testable import MediaIO

@Suite("The event loop", .timeLimit(.minutes(1)))
struct EventLoopExecutorTests {
    @Test("Jobs run on the loop's thread, and nothing else does", arguments: IOBackEnd.allCases)
    func isolation(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        #expect(resident.loop.isIsolatingCurrentContext() == false)
        let isInside = await resident.perform { loop in
            loop.checkIsolated()
            return loop.isIsolatingCurrentContext()
        }
        #expect(isInside == true)
        resident.loop.stop()
    }

    @Test("A sleeping loop is woken for every job of every thread", arguments: IOBackEnd.allCases)
    func wakeUps(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                // Without a tick the loop sleeps for good, so a wake-up that is lost leaves the test waiting.
                group.addTask { for _ in 0..<500 { await resident.perform { _ in _ = tally.add() } } }
            }
        }
        #expect(tally.count == 4_000)
        resident.loop.stop()
    }

    @Test("Datagrams come back through a loop", arguments: IOBackEnd.allCases)
    func echo(backEnd: IOBackEnd) async throws {
        let echo = try Echo(backEnd)
        await echo.start()
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        var leaving = SendBatch(usesSegmentation: true, backEnd: backEnd)
        var arrived = ReceiveBatch(backEnd: backEnd)
        for number in UInt32(0)..<300 {
            leaving.begin(echo.local, onIPv6Socket: false)
            leaving.reserve().storeBytes(of: number, as: UInt32.self)
            leaving.commit(length: 4)
            leaving.flush(to: socket)
            try #require(isReadable(socket.descriptor))
            let count = arrived.receive(from: socket)
            try #require(count == 1)
            let answer = arrived.datagram(0).loadUnaligned(as: UInt32.self)
            let source = arrived.source(0)
            #expect(answer == number)
            #expect(source == echo.local)
        }
        await echo.stop()
    }

    @Test("A tick comes again and again, until it is stopped", arguments: IOBackEnd.allCases)
    func ticks(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let (ticks, continuation) = AsyncStream.makeStream(of: Int.self)
        let tally = Tally()
        await resident.perform { loop in
            loop.tick(every: .milliseconds(1)) { [unowned loop] in
                continuation.yield(tally.add())
                if tally.count == 5 {
                    loop.stopTicking()
                    // An alarm as the sign that the time of another tick is over.
                    loop.callOnce(after: .milliseconds(20)) { continuation.finish() }
                }
            }
        }
        #expect(await ticks.reduce(into: []) { $0.append($1) } == [1, 2, 3, 4, 5])
        resident.loop.stop()
    }

    @Test("An alarm comes once, and a later one takes its place", arguments: IOBackEnd.allCases)
    func alarms(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        let ticks = Tally()
        await resident.perform { loop in
            loop.callOnce(after: .seconds(3_600)) { continuation.yield("replaced") }
            loop.callOnce(after: .milliseconds(1)) {
                continuation.yield("alarm")
                loop.tick(every: .milliseconds(1)) { if ticks.add() == 10 { continuation.finish() } }
            }
        }
        #expect(await events.reduce(into: []) { $0.append($1) } == ["alarm"])
        await resident.perform { $0.stopTicking() }
        resident.loop.stop()
    }

    @Test("A descriptor that a handler forgets is not heard of again", arguments: IOBackEnd.allCases)
    func forgettingInsideAHandler(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let first = try UDPSocket(bindingTo: .loopback(port: 0))
        let second = try UDPSocket(bindingTo: .loopback(port: 0))
        var leaving = SendBatch(usesSegmentation: false, backEnd: backEnd)
        for destination in [first.local, second.local] {
            leaving.begin(destination, onIPv6Socket: false)
            leaving.reserve().storeBytes(of: 1, as: UInt8.self)
            leaving.commit(length: 1)
        }
        leaving.flush(to: first)
        try #require(isReadable(first.descriptor) && isReadable(second.descriptor))
        // Both can be read before the loop looks, so both are in its next wait.
        let descriptors = [first.descriptor, second.descriptor]
        let tally = Tally()
        let (heard, continuation) = AsyncStream.makeStream(of: Void.self)
        await resident.perform { loop in
            for descriptor in descriptors {
                loop.whenReadable(descriptor) { [unowned loop] in
                    tally.add()
                    for descriptor in descriptors { loop.forget(descriptor) }
                    continuation.yield()
                }
            }
        }
        for await _ in heard { break }
        for _ in 0..<10 { await resident.perform { _ in } }
        #expect(tally.count == 1)
        resident.loop.stop()
    }

    @Test("A writer is called until it has had enough, and the reader stays", arguments: IOBackEnd.allCases)
    func writing(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        let descriptor = socket.descriptor
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        let tally = Tally()
        await resident.perform { loop in
            loop.whenReadable(descriptor) { [unowned loop] in
                continuation.yield("readable")
                loop.forget(descriptor)
            }
            loop.whenWritable(descriptor) { [unowned loop] in
                continuation.yield("writable")
                if tally.add() == 3 { loop.stopWritable(descriptor) }
            }
        }
        var iterator = events.makeAsyncIterator()
        for _ in 0..<3 { #expect(await iterator.next() == "writable") }
        for _ in 0..<10 { await resident.perform { _ in } }
        var leaving = SendBatch(usesSegmentation: false, backEnd: backEnd)
        leaving.begin(socket.local, onIPv6Socket: false)
        leaving.reserve().storeBytes(of: 1, as: UInt8.self)
        leaving.commit(length: 1)
        leaving.flush(to: socket)
        #expect(await iterator.next() == "readable")
        #expect(tally.count == 3)
        await resident.perform { $0.stopWritable(descriptor) }
        resident.loop.stop()
    }

    @Test("A loop that is stopped lets go of its handlers", arguments: IOBackEnd.allCases)
    func stopping(backEnd: IOBackEnd) async throws {
        let resident = try LoopResident(backEnd)
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        let descriptor = socket.descriptor
        let (released, continuation) = AsyncStream.makeStream(of: Void.self)
        await resident.perform { loop in
            let readerLife = Life { continuation.yield() }
            let tickLife = Life { continuation.yield() }
            loop.whenReadable(descriptor) { readerLife.touch() }
            loop.tick(every: .seconds(3_600)) { tickLife.touch() }
        }
        resident.loop.stop()
        var iterator = released.makeAsyncIterator()
        for _ in 0..<2 { #expect(await iterator.next() != nil) }
        // Stopping twice is no harm.
        resident.loop.stop()
    }
}

/// The example of the landing page, on a chosen back end.
private actor Echo {
    nonisolated let loop: EventLoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    nonisolated let local: SocketEndpoint
    private let socket: UDPSocket
    private var arrived: ReceiveBatch
    private var leaving: SendBatch

    init(_ backEnd: IOBackEnd) throws {
        loop = try EventLoopExecutor(name: "echo", backEnd: backEnd)
        socket = try UDPSocket(bindingTo: .loopback(port: 0))
        local = socket.local
        arrived = ReceiveBatch(backEnd: backEnd)
        leaving = SendBatch(usesSegmentation: true, backEnd: backEnd)
    }

    func start() {
        loop.whenReadable(socket.descriptor) { [unowned self] in assumeIsolated { $0.readable() } }
    }

    func stop() {
        loop.forget(socket.descriptor)
        loop.stop()
    }

    private func readable() {
        for index in 0..<arrived.receive(from: socket) {
            guard let source = arrived.source(index) else { continue }
            let datagram = arrived.datagram(index)
            guard let base = datagram.baseAddress, !datagram.isEmpty else { continue }
            if !leaving.hasRoom { leaving.flush(to: socket) }
            leaving.begin(source, onIPv6Socket: socket.isIPv6)
            leaving.reserve().copyMemory(from: base, byteCount: datagram.count)
            leaving.commit(length: datagram.count)
        }
        leaving.flush(to: socket)
    }
}

/// Says when it is over.
private final class Life {
    private let end: () -> Void

    init(_ end: @escaping () -> Void) {
        self.end = end
    }

    func touch() {}

    deinit {
        end()
    }
}
