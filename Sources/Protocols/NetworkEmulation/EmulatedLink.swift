public import ProtocolCore

/// One direction of a network path in virtual time: queue, rate, loss, delay.
///
/// One seed decides a whole run. Time is told; it never goes backward. A packet waits in the queue, occupies the link for
/// size / rate, is lost or not, and arrives after the delay. Whoever drives it asks for `nextEvent` and calls `poll` then.
///
/// ```swift
/// var link = EmulatedLink<[UInt8]>(LinkConditions(rate: 3_000_000, delay: .milliseconds(25)), seed: 7)
/// link.change(to: LinkConditions(rate: 800_000, delay: .milliseconds(25)), at: start + .seconds(20))
/// link.send(packet, size: packet.count, at: now)
/// for delivery in link.poll(now: now) { receive(delivery.payload, at: delivery.at) }
/// ```
public struct EmulatedLink<Payload> {
    /// A packet at the far end.
    public struct Delivery {
        public var payload: Payload
        public var size: Int
        public var at: Instant
    }

    /// Whether a packet was taken.
    public enum Admission: Hashable, Sendable {
        case queued
        /// The queue is full.
        case dropped
    }

    /// What happened so far.
    public struct Counters: Hashable, Sendable {
        public var sentPackets = 0
        public var deliveredPackets = 0
        public var deliveredBytes = 0
        /// Dropped in front of the full queue.
        public var droppedPackets = 0
        /// Lost on the way.
        public var lostPackets = 0
    }

    fileprivate struct Waiting {
        var payload: Payload
        var size: Int
        /// What is left to transmit, in bits times nanoseconds per second, so that rates divide it exactly.
        var work: Int
    }

    private static var bit: Int { 1_000_000_000 }

    public private(set) var conditions: LinkConditions
    public private(set) var counters = Counters()
    /// Bytes that wait or are being transmitted.
    public private(set) var queuedBytes = 0

    private var generator: SeededGenerator
    private var isInBadState = false
    private var changes: [(at: Instant, conditions: LinkConditions)] = []
    private var queue: [Waiting] = []
    private var queueHead = 0
    private var inFlight: [Delivery] = []
    private var time: Instant?
    /// Packets that are not reordered arrive in order: not before this.
    private var lastArrival: Instant?

    public init(_ conditions: LinkConditions, seed: UInt64) {
        self.conditions = conditions
        generator = SeededGenerator(seed: seed)
    }

    /// Changes the conditions at a time to come; packets on the way keep their arrival.
    public mutating func change(to conditions: LinkConditions, at instant: Instant) {
        let position = changes.firstIndex { $0.at > instant } ?? changes.count
        changes.insert((instant, conditions), at: position)
    }

    /// Puts a packet in front of the link.
    @discardableResult
    public mutating func send(_ payload: Payload, size: Int, at now: Instant) -> Admission {
        advance(to: now)
        counters.sentPackets += 1
        guard hasRoom(for: size) else {
            counters.droppedPackets += 1
            return .dropped
        }
        queue.append(Waiting(payload: payload, size: size, work: size * 8 * EmulatedLink.bit))
        queuedBytes += size
        // On a link without limit it leaves at once.
        advance(to: now)
        return .queued
    }

    /// Gives what has arrived by now, in the order of arrival.
    public mutating func poll(now: Instant) -> [Delivery] {
        advance(to: now)
        let count = inFlight.firstIndex { $0.at > now } ?? inFlight.count
        let arrived = Array(inFlight.prefix(count))
        inFlight.removeFirst(count)
        counters.deliveredPackets += count
        counters.deliveredBytes += arrived.reduce(0) { $0 + $1.size }
        return arrived
    }

    /// When something happens next; nil when nothing is on the way and no change is due.
    public var nextEvent: Instant? {
        let candidates = [inFlight.first?.at, nextDeparture, changes.first?.at]
        return candidates.compactMap(\.self).min()
    }

    /// How long a packet sent now would wait; nil when the link carries nothing.
    public var queueDelay: Duration? {
        guard queuedBytes > 0, let rate = conditions.rate else { return .zero }
        guard rate > 0 else { return nil }
        let work = queue[queueHead...].reduce(0.0) { $0 + Double($1.work) }
        return .nanoseconds(Int64(work / Double(rate)))
    }

    private func hasRoom(for size: Int) -> Bool {
        switch conditions.queueLimit {
        case .unlimited: true
        case .bytes(let limit): queuedBytes + size <= limit
        case .time(let span):
            // One packet always fits, or nothing would pass a slow link.
            queuedBytes == 0
                || conditions.rate.map { Double(queuedBytes + size) * 8e9 <= Double($0) * nanos(span) } ?? true
        }
    }

    private func nanos(_ span: Duration) -> Double {
        Double(span.nanoseconds)
    }

    private var nextDeparture: Instant? {
        guard queueHead < queue.count, let time else { return nil }
        guard let rate = conditions.rate else { return time }
        guard rate > 0 else { return nil }
        let work = queue[queueHead].work
        return time + .nanoseconds(Int64((work + rate - 1) / rate))
    }

    /// Carries out everything that happens up to and including an instant.
    private mutating func advance(to now: Instant) {
        if time == nil { time = now }
        while true {
            let departure = nextDeparture
            if let change = changes.first, change.at <= now, departure.map({ change.at <= $0 }) ?? true {
                transmit(until: max(change.at, time ?? change.at))
                changes.removeFirst()
                conditions = change.conditions
            } else if let departure, departure <= now {
                time = departure
                depart(at: departure)
            } else {
                break
            }
        }
        transmit(until: now)
    }

    /// Works on the head of the queue, which does not leave before `instant`.
    private mutating func transmit(until instant: Instant) {
        guard let from = time, instant > from else { return }
        time = instant
        guard queueHead < queue.count, let rate = conditions.rate else { return }
        let (work, overflow) = rate.multipliedReportingOverflow(by: Int((instant - from).nanoseconds))
        queue[queueHead].work = overflow ? 0 : max(0, queue[queueHead].work - work)
    }

    private mutating func depart(at instant: Instant) {
        let packet = queue[queueHead]
        queueHead += 1
        queuedBytes -= packet.size
        if queueHead > 64, queueHead * 2 > queue.count {
            queue.removeFirst(queueHead)
            queueHead = 0
        }
        guard !isLost() else {
            counters.lostPackets += 1
            return
        }
        var arrival = instant + conditions.delay
        if conditions.jitter > .zero {
            arrival = arrival + .nanoseconds(Int64.random(in: 0...conditions.jitter.nanoseconds, using: &generator))
        }
        if let reordering = conditions.reordering, happens(reordering.probability) {
            arrival = arrival + reordering.delay
        } else {
            arrival = max(arrival, lastArrival ?? arrival)
            lastArrival = arrival
        }
        let delivery = Delivery(payload: packet.payload, size: packet.size, at: arrival)
        let position = inFlight.lastIndex { $0.at <= arrival }.map { $0 + 1 } ?? 0
        inFlight.insert(delivery, at: position)
    }

    private mutating func isLost() -> Bool {
        switch conditions.loss {
        case .none:
            return false
        case .random(let probability):
            return happens(probability)
        case .bursts(let model):
            if happens(isInBadState ? model.badToGood : model.goodToBad) { isInBadState.toggle() }
            return happens(isInBadState ? model.lossInBad : model.lossInGood)
        }
    }

    private mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &generator) < probability
    }
}

extension EmulatedLink: Sendable where Payload: Sendable {}
extension EmulatedLink.Delivery: Sendable where Payload: Sendable {}
extension EmulatedLink.Waiting: Sendable where Payload: Sendable {}
