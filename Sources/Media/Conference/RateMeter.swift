internal import ProtocolCore

/// How fast one layer flows, by temporal level; counting costs an addition, the rates are worked out by time.
struct RateMeter {
    /// How often rates are worked out.
    static let interval: Duration = .milliseconds(500)
    /// The weight of a new measurement: a keyframe alone must not look like a new rate.
    static let weight = 0.4
    /// Its weight when the rate is known to have changed.
    static let weightOfChange = 0.8
    /// After so many measurements the rate is believed: the first ones have part of an interval, or of a change.
    static let settled = 4
    /// Temporal levels told apart: 0, 1 and everything above.
    static let levels = 3

    private var bytes = InlineArray<3, Int>(repeating: 0)
    private var rates = InlineArray<3, Double>(repeating: 0)
    private var since: Instant?
    /// How many of the next measurements count for more, because the rate is known to change.
    private var changing = 0
    /// How many measurements there were since it began to flow, or was asked for another rate.
    private var measurements = 0

    @inline(__always)
    mutating func add(_ count: Int, temporal: UInt8) {
        bytes[Int(min(temporal, 2))] &+= count
    }

    /// Works the rates out when it is time. What has stopped keeps its last rate: it would flow so again.
    mutating func poll(now: Instant) {
        guard let since else {
            self.since = now
            return
        }
        guard now - since >= RateMeter.interval else { return }
        let seconds = Double((now - since).nanoseconds) / 1e9
        self.since = now
        var total = 0
        for level in 0..<RateMeter.levels { total += bytes[level] }
        guard total > 0 else {
            // What flows after a pause may have another rate than before.
            changing = 1
            measurements = 0
            return
        }
        let weight = changing > 0 ? RateMeter.weightOfChange : RateMeter.weight
        changing = max(changing - 1, 0)
        measurements = min(measurements + 1, RateMeter.settled)
        for level in 0..<RateMeter.levels {
            let measured = Double(bytes[level]) * 8 / seconds
            rates[level] = rates[level] == 0 ? measured : rates[level] + (measured - rates[level]) * weight
            bytes[level] = 0
        }
    }

    /// The publisher was asked for another rate.
    mutating func expectChange() {
        changing = 2
        measurements = 0
    }

    /// Whether the rate has been measured for long enough to be believed when it is low.
    var isSettled: Bool { measurements >= RateMeter.settled }

    /// Bits per second of everything up to a temporal level; 0 when nothing was measured yet.
    func rate(upTo temporal: UInt8) -> Int {
        var sum = 0.0
        for level in 0...Int(min(temporal, 2)) { sum += rates[level] }
        return Int(sum)
    }

    /// The highest temporal level seen.
    var highestTemporal: UInt8 {
        rates[2] > 0 ? 2 : rates[1] > 0 ? 1 : 0
    }
}
