internal import ProtocolCore

/// How long to wait for an answer: the RTO and its smoothing (RFC 9260 §6.3).
struct RetransmissionTimer: Hashable, Sendable {
    private let smallest: Duration
    private let largest: Duration
    private var smoothed: Duration?
    private var variation: Duration = .zero
    /// The present time to retransmission.
    private(set) var timeout: Duration

    init(_ timing: SCTPTiming) {
        smallest = timing.smallestRTO
        largest = max(timing.largestRTO, timing.smallestRTO)
        timeout = timing.initialRTO
    }

    /// The smoothed round trip; nil before the first measurement.
    var roundTrip: Duration? { smoothed }

    /// Takes the round trip of something that was sent once (§6.3.1, with Karn's rule).
    mutating func measured(_ roundTrip: Duration) {
        let roundTrip = max(roundTrip, .zero)
        if let smoothed {
            let difference = smoothed > roundTrip ? smoothed - roundTrip : roundTrip - smoothed
            variation = variation * 3 / 4 + difference / 4
            self.smoothed = smoothed * 7 / 8 + roundTrip / 8
        } else {
            smoothed = roundTrip
            variation = roundTrip / 2
        }
        timeout = min(max((self.smoothed ?? roundTrip) + variation * 4, smallest), largest)
    }

    /// Doubles the wait after it was in vain (§6.3.3).
    mutating func backOff() {
        timeout = min(timeout * 2, largest)
    }
}
