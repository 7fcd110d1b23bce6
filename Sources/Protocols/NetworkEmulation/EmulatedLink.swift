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
/// `next(now:)` gives the same packets one by one, without an allocation.
public struct EmulatedLink<Payload> {
    /// A packet at the far end.
    public struct Delivery {
        public var payload: Payload
        public var size: Int
        public var at: Instant

        @inlinable
        init(payload: Payload, size: Int, at: Instant) {
            self.payload = payload
            self.size = size
            self.at = at
        }
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

    @usableFromInline
    struct Waiting {
        @usableFromInline
        var payload: Payload
        @usableFromInline
        var size: Int
        /// What is left to transmit, in bits times nanoseconds per second, so that rates divide it exactly.
        @usableFromInline
        var work: Int

        @inlinable
        init(payload: Payload, size: Int, work: Int) {
            self.payload = payload
            self.size = size
            self.work = work
        }
    }

    @usableFromInline
    static var bit: Int { 1_000_000_000 }

    @usableFromInline
    var present: LinkConditions
    @usableFromInline
    var counted = Counters()
    @usableFromInline
    var waitingBytes = 0
    @usableFromInline
    var generator: SeededGenerator
    @usableFromInline
    var isInBadState = false
    @usableFromInline
    var changes: [(at: Instant, conditions: LinkConditions)] = []
    @usableFromInline
    var queue = HeadedQueue<Waiting>()
    /// In the order of arrival.
    @usableFromInline
    var inFlight = HeadedQueue<Delivery>()
    @usableFromInline
    var time: Instant?
    /// While packets are held, until when they are; and when they are held next.
    @usableFromInline
    var heldUntil: Instant?
    @usableFromInline
    var nextHold: Instant?
    /// Packets that are not reordered arrive in order: not before this.
    @usableFromInline
    var lastArrival: Instant?

    public init(_ conditions: LinkConditions, seed: UInt64) {
        present = conditions
        generator = SeededGenerator(seed: seed)
    }

    /// What the link does at present.
    @inlinable
    public var conditions: LinkConditions { present }
    @inlinable
    public var counters: Counters { counted }
    /// Bytes that wait or are being transmitted.
    @inlinable
    public var queuedBytes: Int { waitingBytes }

    /// Changes the conditions at a time to come; packets on the way keep their arrival.
    public mutating func change(to conditions: LinkConditions, at instant: Instant) {
        let position = changes.firstIndex { $0.at > instant } ?? changes.count
        changes.insert((instant, conditions), at: position)
    }

    /// Puts a packet in front of the link.
    @inlinable
    @discardableResult
    public mutating func send(_ payload: Payload, size: Int, at now: Instant) -> Admission {
        advance(to: now)
        counted.sentPackets += 1
        guard hasRoom(for: size) else {
            counted.droppedPackets += 1
            return .dropped
        }
        queue.append(Waiting(payload: payload, size: size, work: size * 8 * EmulatedLink.bit))
        waitingBytes += size
        // On a link without limit it leaves at once.
        advance(to: now)
        return .queued
    }

    /// Gives what has arrived by now, in the order of arrival.
    @inlinable
    public mutating func poll(now: Instant) -> [Delivery] {
        var arrived: [Delivery] = []
        while let delivery = nextDelivery(now: now) { arrived.append(delivery) }
        return arrived
    }

    /// Gives the first packet that has arrived by now; nil when there is none.
    @inlinable
    public mutating func next(now: Instant) -> Payload? {
        nextDelivery(now: now)?.payload
    }

    @inlinable
    mutating func nextDelivery(now: Instant) -> Delivery? {
        advance(to: now)
        guard let arrival = inFlight.first?.at, arrival <= now, let delivery = inFlight.popFirst() else { return nil }
        counted.deliveredPackets += 1
        counted.deliveredBytes += delivery.size
        return delivery
    }

    /// When something happens next; nil when nothing is on the way and no change is due.
    @inlinable
    public var nextEvent: Instant? {
        var next = inFlight.first?.at
        if let departure = nextDeparture { next = min(next ?? departure, departure) }
        if let change = changes.first?.at { next = min(next ?? change, change) }
        return next
    }

    /// How long a packet sent now would wait; nil when the link carries nothing.
    @inlinable
    public var queueDelay: Duration? {
        guard waitingBytes > 0, let rate = present.rate else { return .zero }
        guard rate > 0 else { return nil }
        let work = queue.reduce(0.0) { $0 + Double($1.work) }
        return .nanoseconds(Int64(work / Double(rate)))
    }

    @inlinable
    func hasRoom(for size: Int) -> Bool {
        switch present.queueLimit {
        case .unlimited: true
        case .bytes(let limit): waitingBytes + size <= limit
        case .time(let span):
            // One packet always fits, or nothing would pass a slow link.
            waitingBytes == 0
                || present.rate.map { Double(waitingBytes + size) * 8e9 <= Double($0) * nanos(span) } ?? true
        }
    }

    @inlinable
    func nanos(_ span: Duration) -> Double {
        Double(span.nanoseconds)
    }

    @inlinable
    var nextDeparture: Instant? {
        guard let work = queue.first?.work, let time else { return nil }
        guard let rate = present.rate else { return time }
        guard rate > 0 else { return nil }
        return time + .nanoseconds(Int64((work + rate - 1) / rate))
    }

    /// Carries out everything that happens up to and including an instant.
    @inlinable
    mutating func advance(to now: Instant) {
        if time == nil { time = now }
        while true {
            let departure = nextDeparture
            if let change = changes.first, change.at <= now, departure.map({ change.at <= $0 }) ?? true {
                transmit(until: max(change.at, time ?? change.at))
                changes.removeFirst()
                present = change.conditions
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
    @inlinable
    mutating func transmit(until instant: Instant) {
        guard let from = time, instant > from else { return }
        time = instant
        guard let rate = present.rate else { return }
        let (work, overflow) = rate.multipliedReportingOverflow(by: Int((instant - from).nanoseconds))
        queue.changeFirst { $0.work = overflow ? 0 : max(0, $0.work - work) }
    }

    @inlinable
    mutating func depart(at instant: Instant) {
        guard let packet = queue.popFirst() else { return }
        waitingBytes -= packet.size
        guard !isLost() else {
            counted.lostPackets += 1
            return
        }
        var arrival = instant + present.delay
        if present.jitter > .zero {
            arrival = arrival + .nanoseconds(Int64.random(in: 0...conditions.jitter.nanoseconds, using: &generator))
        }
        arrival = arrival + variation(at: instant)
        if let reordering = present.reordering, happens(reordering.probability) {
            arrival = arrival + reordering.delay
        } else {
            arrival = max(arrival, lastArrival ?? arrival)
            lastArrival = arrival
        }
        inFlight.insert(Delivery(payload: packet.payload, size: packet.size, at: arrival)) { $0.at <= arrival }
    }

    /// What the present conditions add to the delay of a packet that leaves the link now.
    @usableFromInline
    mutating func variation(at instant: Instant) -> Duration {
        switch present.variation {
        case .none:
            return .zero
        case .normal(let deviation):
            // Twelve even ones less their mean are normal enough, with a deviation of one.
            let sum = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
            return .nanoseconds(Int64(min(max(sum, 0), 4) * nanos(deviation)))
        case .pareto(let scale, let longest):
            let even = Double.random(in: 1e-6..<1, using: &generator)
            return min(.nanoseconds(Int64(nanos(scale) * (1 / even.squareRoot() - 1))), longest)
        case .holds(let interval, let length):
            if let heldUntil, instant < heldUntil { return heldUntil - instant }
            let due = nextHold ?? instant + interval
            nextHold = due
            guard instant >= due else { return .zero }
            let held = Int64.random(
                in: length.lowerBound.nanoseconds...length.upperBound.nanoseconds, using: &generator)
            heldUntil = instant + .nanoseconds(held)
            nextHold = instant + .nanoseconds(held) + interval * Double.random(in: 0.5..<1.5, using: &generator)
            return .nanoseconds(held)
        }
    }

    @inlinable
    mutating func isLost() -> Bool {
        switch present.loss {
        case .none:
            return false
        case .random(let probability):
            return happens(probability)
        case .bursts(let model):
            if happens(isInBadState ? model.badToGood : model.goodToBad) { isInBadState.toggle() }
            return happens(isInBadState ? model.lossInBad : model.lossInGood)
        }
    }

    @inlinable
    mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &generator) < probability
    }
}

extension EmulatedLink: Sendable where Payload: Sendable {}
extension EmulatedLink.Delivery: Sendable where Payload: Sendable {}
extension EmulatedLink.Waiting: Sendable where Payload: Sendable {}
