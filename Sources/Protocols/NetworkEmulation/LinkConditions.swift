/// What a link does to packets.
public struct LinkConditions: Hashable, Sendable {
    /// Which packets are lost on the way, after they have taken their time on the link.
    public enum Loss: Hashable, Sendable {
        case none
        /// Each packet by itself with this probability, 0...1.
        case random(Double)
        /// Bursts after Gilbert (1960) and Elliott (1963): two states, changed per packet, with a loss in each.
        case bursts(GilbertElliott)
    }

    /// The two-state model of bursty loss; every value is a probability per packet, 0...1.
    public struct GilbertElliott: Hashable, Sendable {
        /// Going from the good state to the bad one, and back.
        public var goodToBad: Double
        public var badToGood: Double
        /// Losing a packet in each state.
        public var lossInGood: Double
        public var lossInBad: Double

        public init(goodToBad: Double, badToGood: Double, lossInGood: Double = 0, lossInBad: Double = 1) {
            self.goodToBad = goodToBad
            self.badToGood = badToGood
            self.lossInGood = lossInGood
            self.lossInBad = lossInBad
        }

        /// The part of all packets that is lost in the long run, 0...1.
        public var meanLoss: Double {
            let total = goodToBad + badToGood
            guard total > 0 else { return lossInGood }
            return (lossInGood * badToGood + lossInBad * goodToBad) / total
        }
    }

    /// How the delay varies while nothing queues up; the order of packets stays.
    public enum Variation: Hashable, Sendable {
        case none
        /// The normal distribution, cut at zero and at four deviations.
        case normal(deviation: Duration)
        /// The Pareto distribution with exponent 2, counted from its scale: mostly little, now and then much.
        case pareto(scale: Duration, longest: Duration)
        /// Packets are held now and then and released together, as Wi-Fi does while it scans, sleeps or tries again.
        case holds(interval: Duration, length: ClosedRange<Duration>)
    }

    /// How much waits in front of the link; what exceeds it is dropped on arrival.
    public enum QueueLimit: Hashable, Sendable {
        case unlimited
        case bytes(Int)
        /// What the link carries in this time at its present rate.
        case time(Duration)
    }

    /// Some packets take longer, so that others overtake them.
    public struct Reordering: Hashable, Sendable {
        /// 0...1.
        public var probability: Double
        public var delay: Duration

        public init(probability: Double, delay: Duration) {
            self.probability = probability
            self.delay = delay
        }
    }

    /// In bits per second; nil: any rate, zero: nothing passes.
    public var rate: Int?
    /// From leaving the link to arriving.
    public var delay: Duration
    /// Up to this much is added to `delay`, evenly distributed, without changing the order.
    public var jitter: Duration
    /// Added to `delay` too.
    public var variation: Variation
    public var loss: Loss
    public var reordering: Reordering?
    public var queueLimit: QueueLimit

    public init(
        rate: Int? = nil, delay: Duration = .zero, jitter: Duration = .zero, variation: Variation = .none,
        loss: Loss = .none, reordering: Reordering? = nil, queueLimit: QueueLimit = .unlimited
    ) {
        self.rate = rate
        self.delay = delay
        self.jitter = jitter
        self.variation = variation
        self.loss = loss
        self.reordering = reordering
        self.queueLimit = queueLimit
    }
}
