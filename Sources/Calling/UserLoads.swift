internal import MediaVocabulary
internal import ProtocolCore

/// What users have used of their limits.
struct UserLoads: Sendable {
    /// How far a user has used up its rings, as a bucket that empties evenly.
    private struct Bucket {
        var level: Double
        var at: Instant
    }

    private let limits: UserLimits
    /// The participations with a leg.
    private var seats: [UserID: Set<ParticipantID>] = [:]
    /// Requests under way that may end in one more seat.
    private var reserved: [UserID: Int] = [:]
    private var rings: [UserID: Bucket] = [:]
    /// At how many buckets those that are empty are thrown away next.
    private var sweepAt = 1_024

    init(limits: UserLimits) {
        self.limits = limits
    }

    /// How many users anything is kept of; for tests.
    var count: Int {
        Set(seats.keys).union(reserved.keys).union(rings.keys).count
    }

    /// Keeps a seat free for a request. To be released when the request is done.
    mutating func reserve(for user: UserID) throws(CallRefusal) {
        let taken = (seats[user]?.count ?? 0) + (reserved[user] ?? 0)
        guard taken < limits.calls else { throw .limitReached(.calls(limits.calls)) }
        reserved[user, default: 0] += 1
    }

    mutating func release(for user: UserID) {
        let left = (reserved[user] ?? 0) - 1
        reserved[user] = left > 0 ? left : nil
    }

    mutating func seat(_ participant: ParticipantID, of user: UserID) {
        seats[user, default: []].insert(participant)
    }

    mutating func unseat(_ participant: ParticipantID, of user: UserID) {
        seats[user]?.remove(participant)
        if seats[user]?.isEmpty == true { seats[user] = nil }
    }

    /// Takes `count` rings out of the budget of a user.
    mutating func ring(_ count: Int, by user: UserID, now: Instant) throws(CallRefusal) {
        let level = level(of: user, now: now) + Double(count)
        guard level <= Double(limits.ringsPerMinute) else { throw .limitReached(.rings(limits.ringsPerMinute)) }
        rings[user] = Bucket(level: level, at: now)
        guard rings.count >= sweepAt else { return }
        for user in Array(rings.keys) where self.level(of: user, now: now) == 0 { rings[user] = nil }
        sweepAt = max(1_024, rings.count * 2)
    }

    private func level(of user: UserID, now: Instant) -> Double {
        guard let bucket = rings[user] else { return 0 }
        let emptied = (now - bucket.at) / .seconds(60) * Double(limits.ringsPerMinute)
        return max(0, bucket.level - emptied)
    }
}
