internal import ProtocolCore

extension Duration {
    /// The duration in seconds, as a fraction.
    var inSeconds: Double {
        Double(nanoseconds) / 1e9
    }

    func clamped(to bounds: ClosedRange<Duration>) -> Duration {
        min(max(self, bounds.lowerBound), bounds.upperBound)
    }
}
