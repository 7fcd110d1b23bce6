import ProtocolCore
import Testing

@testable import MediaIO

/// Datagrams through real sockets on the loopback interface, with each back end at either end.
@Suite("Datagrams in bursts", .timeLimit(.minutes(1)))
struct BatchTests {
    static let machineHasIPv6 = (try? UDPSocket(bindingTo: SocketEndpoint(ipv6High: 0, low: 1, port: 0))) != nil

    /// What a socket took, until `count` datagrams are there.
    private func take(
        _ count: Int, from socket: borrowing UDPSocket, with batch: inout ReceiveBatch
    ) throws -> [(source: SocketEndpoint?, bytes: [UInt8])] {
        var taken: [(source: SocketEndpoint?, bytes: [UInt8])] = []
        while taken.count < count {
            try #require(isReadable(socket.descriptor), "only \(taken.count) of \(count) datagrams came")
            for index in 0..<batch.receive(from: socket) {
                taken.append((batch.source(index), Array(batch.datagram(index))))
            }
        }
        return taken
    }

    private func put(_ bytes: [UInt8], into batch: inout SendBatch) {
        bytes.withUnsafeBytes { batch.reserve().copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        batch.commit(length: bytes.count)
    }

    @Test("An empty socket gives nothing", arguments: IOBackEnd.allCases)
    func emptySocket(backEnd: IOBackEnd) throws {
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        var arrived = ReceiveBatch(backEnd: backEnd)
        let count = arrived.receive(from: socket)
        #expect(count == 0)
    }

    @Test("Every datagram arrives whole, in order and once", arguments: IOBackEnd.allCases, IOBackEnd.allCases)
    func manyDatagrams(sending: IOBackEnd, receiving: IOBackEnd) throws {
        let near = try UDPSocket(bindingTo: .loopback(port: 0))
        let far = try UDPSocket(bindingTo: .loopback(port: 0))
        let other = try UDPSocket(bindingTo: .loopback(port: 0))
        var leaving = SendBatch(usesSegmentation: true, backEnd: sending)
        var arrived = ReceiveBatch(backEnd: receiving)
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20 {
            // Runs of one size with a shorter one at the end, as video is, and destinations in turn.
            var sent: [[UInt8]] = []
            var sentToOther: [[UInt8]] = []
            for run in 0..<6 {
                let isOther = run % 3 == 2
                leaving.begin((isOther ? other.local : far.local), onIPv6Socket: false)
                let size = Int.random(in: 100...1_200, using: &generator)
                for index in 0..<8 {
                    let length = index == 7 ? Int.random(in: 1...size, using: &generator) : size
                    let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
                    if isOther { sentToOther.append(bytes) } else { sent.append(bytes) }
                    put(bytes, into: &leaving)
                }
            }
            leaving.flush(to: near)
            let taken = try take(sent.count, from: far, with: &arrived)
            #expect(taken.map(\.bytes) == sent)
            #expect(taken.allSatisfy { $0.source == near.local })
            let takenByOther = try take(sentToOther.count, from: other, with: &arrived)
            #expect(takenByOther.map(\.bytes) == sentToOther)
        }
        #expect(leaving.sentDatagrams == 20 * 6 * 8)
        #expect(leaving.refusedDatagrams == 0)
        let usesSegmentation = leaving.usesSegmentation
        if sending == .portable {
            #expect(leaving.systemCalls == leaving.sentDatagrams)
            #expect(!usesSegmentation)
        } else {
            #expect(leaving.systemCalls < leaving.sentDatagrams)
        }
        let rest = arrived.receive(from: far)
        #expect(rest == 0)
    }

    @Test("Sources are told in both families", .enabled(if: machineHasIPv6), arguments: IOBackEnd.allCases)
    func sources(backEnd: IOBackEnd) throws {
        // Binding to `::` takes both, and IPv4 is seen as IPv4.
        let both = try UDPSocket(bindingTo: SocketEndpoint(ipv6High: 0, low: 0, port: 0))
        let four = try UDPSocket(bindingTo: .loopback(port: 0))
        let six = try UDPSocket(bindingTo: SocketEndpoint(ipv6High: 0, low: 1, port: 0))
        let families = [both.isIPv6, six.isIPv6, four.isIPv6]
        #expect(families == [true, true, false])
        var leaving = SendBatch(usesSegmentation: true, backEnd: backEnd)
        var arrived = ReceiveBatch(backEnd: backEnd)

        leaving.begin(.loopback(port: both.local.port), onIPv6Socket: false)
        put([4], into: &leaving)
        leaving.flush(to: four)
        leaving.begin(SocketEndpoint(ipv6High: 0, low: 1, port: both.local.port), onIPv6Socket: true)
        put([6], into: &leaving)
        leaving.flush(to: six)
        let taken = try take(2, from: both, with: &arrived)
        #expect(taken.map(\.source) == [four.local, six.local])
        #expect(taken.map(\.bytes) == [[4], [6]])

        // And back, to an IPv4 address from an IPv6 socket.
        leaving.begin(four.local, onIPv6Socket: both.isIPv6)
        put([5], into: &leaving)
        leaving.flush(to: both)
        let answer = try take(1, from: four, with: &arrived)
        #expect(answer.map(\.source) == [.loopback(port: both.local.port)])
    }

    @Test("A datagram that is too long is cut", arguments: IOBackEnd.allCases)
    func longDatagram(backEnd: IOBackEnd) throws {
        let near = try UDPSocket(bindingTo: .loopback(port: 0))
        let far = try UDPSocket(bindingTo: .loopback(port: 0))
        var address = SocketAddress(far.local, onIPv6Socket: false)
        let bytes = [UInt8](repeating: 9, count: ReceiveBatch.datagramSize + 500)
        let sent = withUnsafePointer(to: &address.storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(near.descriptor, bytes, bytes.count, 0, $0, address.length)
            }
        }
        try #require(sent == bytes.count)
        var arrived = ReceiveBatch(backEnd: backEnd)
        let taken = try take(1, from: far, with: &arrived)
        #expect(taken.map(\.bytes) == [[UInt8](repeating: 9, count: ReceiveBatch.datagramSize)])
    }

    @Test("What the kernel refuses is counted, and holds nothing up", arguments: IOBackEnd.allCases)
    func refusal(backEnd: IOBackEnd) throws {
        let near = try UDPSocket(bindingTo: .loopback(port: 0))
        let far = try UDPSocket(bindingTo: .loopback(port: 0))
        var leaving = SendBatch(usesSegmentation: true, backEnd: backEnd)
        // Nothing can be sent to port 0.
        for destination in [far.local, .loopback(port: 0), far.local] {
            leaving.begin(destination, onIPv6Socket: false)
            put([1], into: &leaving)
        }
        leaving.flush(to: near)
        #expect(leaving.sentDatagrams == 2)
        #expect(leaving.refusedDatagrams == 1)
        var arrived = ReceiveBatch(backEnd: backEnd)
        let taken = try take(2, from: far, with: &arrived)
        #expect(taken.map(\.bytes) == [[1], [1]])
    }

    @Test("The batch tells how long a datagram must be to go on in the segmented one")
    func openSegment() throws {
        var leaving = SendBatch(usesSegmentation: true)
        leaving.isCapturing = true
        leaving.begin(SocketEndpoint(ipv4: 0x0a00_0001, port: 1), onIPv6Socket: false)
        #expect(leaving.openSegmentSize == 0)
        for length in [40, 40] {
            put([UInt8](repeating: 1, count: length), into: &leaving)
            #expect(leaving.openSegmentSize == (leaving.usesSegmentation ? 40 : 0))
        }
        put([1, 2, 3], into: &leaving)
        #expect(leaving.openSegmentSize == 0, "a shorter one has closed it")
        put([1, 2, 3, 4], into: &leaving)
        leaving.begin(SocketEndpoint(ipv4: 0x0a00_0002, port: 2), onIPv6Socket: false)
        #expect(leaving.openSegmentSize == 0, "there is none yet to this destination")
    }

    @Test("What is captured is what was committed", arguments: IOBackEnd.allCases)
    func capturing(backEnd: IOBackEnd) throws {
        let socket = try UDPSocket(bindingTo: .loopback(port: 0))
        var leaving = SendBatch(usesSegmentation: true, backEnd: backEnd)
        leaving.isCapturing = true
        let destinations = [SocketEndpoint(ipv4: 0x0a00_0001, port: 1), SocketEndpoint(ipv4: 0x0a00_0002, port: 2)]
        var committed: [[UInt8]] = []
        for (number, destination) in destinations.enumerated() {
            leaving.begin(destination, onIPv6Socket: false)
            for length in [40, 40, 40, 12, 40, 60] {
                committed.append([UInt8](repeating: UInt8(number * 100 + length), count: length))
                put(committed[committed.count - 1], into: &leaving)
            }
        }
        leaving.flush(to: socket)
        var captured: [[UInt8]] = []
        var ends: [SocketEndpoint] = []
        leaving.drainCaptured {
            ends.append($0)
            captured.append(Array($1))
        }
        #expect(captured == committed)
        #expect(ends == destinations.flatMap { [SocketEndpoint](repeating: $0, count: 6) })
        #expect(leaving.systemCalls == 0)
        leaving.drainCaptured { _, _ in Issue.record("captured twice") }
    }
}
