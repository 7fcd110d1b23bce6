import NetworkEmulation
import ProtocolCore
import SCTP

/// Two associations and the path between them, in virtual time.
final class Pair {
    enum End: Int, CaseIterable {
        case left
        case right

        var other: End { self == .left ? .right : .left }
    }

    struct Message: Hashable {
        var stream: StreamIdentifier
        var bytes: [UInt8]
    }

    private(set) var now: Instant
    var ends: [SCTPAssociation]
    var links: [EmulatedLink<[UInt8]>]
    /// What was polled so far, without messages.
    private(set) var events: [[SCTPAssociation.Event]] = [[], []]
    private(set) var messages: [[Message]] = [[], []]
    /// Whether an end's events are taken.
    var polls = [true, true]
    /// What becomes of a packet: sender, its number, its bytes.
    var change: (End, Int, [UInt8]) -> [[UInt8]] = { _, _, packet in [packet] }
    /// Runs whenever an end could send more.
    var refill: ((Pair) -> Void)?
    private(set) var packetCounts = [0, 0]
    private(set) var largestPacket = 0

    init(
        _ conditions: LinkConditions = LinkConditions(delay: .milliseconds(20)), seed: UInt64 = 1,
        origin: Instant = .zero, configure: (End, inout SCTPConfiguration) -> Void = { _, _ in }
    ) {
        now = origin
        ends = End.allCases.map { end in
            var configuration = SCTPConfiguration(seed: seed &* 2 &+ UInt64(end.rawValue))
            configure(end, &configuration)
            return SCTPAssociation(configuration)
        }
        links = End.allCases.map { EmulatedLink(conditions, seed: seed &+ UInt64($0.rawValue) &* 1000) }
    }

    subscript(_ end: End) -> SCTPAssociation {
        get { ends[end.rawValue] }
        _modify { yield &ends[end.rawValue] }
    }

    func events(at end: End) -> [SCTPAssociation.Event] { events[end.rawValue] }
    func messages(at end: End) -> [Message] { messages[end.rawValue] }
    func messages(at end: End, on stream: UInt16) -> [[UInt8]] {
        messages[end.rawValue].filter { $0.stream.rawValue == stream }.map(\.bytes)
    }

    func connect(_ initiators: [End] = [.left]) {
        for end in initiators { self[end].connect(now: now) }
        run(for: .seconds(5)) { $0.bothEstablished }
    }

    var bothEstablished: Bool { ends.allSatisfy(\.isEstablished) }

    func send(
        _ bytes: [UInt8], from end: End = .left, stream: UInt16 = 0, delivery: MessageDelivery = .ordered,
        priority: MessagePriority = .normal
    ) throws {
        try self[end].send(
            bytes, stream: StreamIdentifier(stream), payloadProtocol: PayloadProtocolIdentifier(53),
            delivery: delivery, priority: priority, now: now)
    }

    /// Takes all events and puts all packets that may go onto the path.
    func settle() {
        refill?(self)
        for end in End.allCases {
            var packet: [UInt8] = []
            repeat {
                while polls[end.rawValue], let event = self[end].poll() {
                    if case .message(let stream, _, let bytes) = event {
                        messages[end.rawValue].append(Message(stream: stream, bytes: bytes))
                    } else {
                        events[end.rawValue].append(event)
                    }
                }
                while self[end].nextControlPacket(now: now, into: &packet) { put(packet, from: end) }
                while self[end].hasDataToSend, self[end].nextDataPacket(now: now, into: &packet) {
                    put(packet, from: end)
                }
            } while self[end].hasControlToSend
        }
    }

    private func put(_ packet: [UInt8], from end: End) {
        largestPacket = max(largestPacket, packet.count)
        let number = packetCounts[end.rawValue]
        packetCounts[end.rawValue] += 1
        for changed in change(end, number, packet) {
            links[end.rawValue].send(changed, size: changed.count, at: now)
        }
    }

    /// Lets time pass until `isDone`, nothing is to come, or the time is over.
    func run(for time: Duration = .seconds(600), until isDone: (Pair) -> Bool = { _ in false }) {
        let end = now + time
        settle()
        while !isDone(self) {
            guard let next = nextEvent, next <= end else {
                now = end
                break
            }
            now = max(now, next)
            for sender in End.allCases {
                for delivery in links[sender.rawValue].poll(now: now) {
                    self[sender.other].receive(delivery.payload.span.bytes, now: now)
                }
            }
            for end in End.allCases where self[end].deadline.map({ $0 <= now }) ?? false {
                self[end].advance(now: now)
            }
            settle()
        }
    }

    private var nextEvent: Instant? {
        (links.map(\.nextEvent) + ends.map(\.deadline)).compactMap(\.self).min()
    }
}

/// Bytes that tell messages apart.
func pattern(_ count: Int, _ number: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(number))
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt32(number))
    while bytes.count < count { bytes.append(bigEndian: generator.next()) }
    return Array(bytes.prefix(count))
}

/// The number in what `pattern` made.
func number(of bytes: [UInt8]) -> Int {
    bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
}
