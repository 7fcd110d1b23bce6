/// How opening the sessions of a run went.
struct LoadJoins: Hashable, Sendable {
    private(set) var connected = 0
    private(set) var failed = 0
    private(set) var firstFailure: String?
    private var setUp = LatencyHistogram()
    /// From the first offer to the last connection.
    var time: Duration = .zero

    mutating func noteConnection(after duration: Duration) {
        connected += 1
        setUp.record(duration)
    }

    mutating func noteFailure(_ reason: String) {
        failed += 1
        if firstFailure == nil { firstFailure = reason }
    }

    func fill(_ measurement: inout LoadMeasurement) {
        measurement.connected = connected
        measurement.failed = failed
        measurement.firstFailure = firstFailure
        measurement.joinTime = time
        measurement.setUp = setUp
    }
}
