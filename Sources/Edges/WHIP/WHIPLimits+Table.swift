internal import Metrics
public import ProtocolCore

extension [Limit] {
    /// What WHIP and WHEP hold for a client.
    public static let whip: [Limit] = {
        let limits = StreamLimits()
        return [
            Limit(
                "whip.body", limits.body, "bytes", per: .request, consequence: "413 bodyTooLarge",
                test: "bodiesAreBounded"),
            Limit(
                "whip.sessions", limits.sessionsPerUser, "sessions", per: .user, consequence: "429 tooManySessions",
                test: "sessionsOfAUserAreBounded"),
            Limit(
                "whip.displayName", limits.displayName, "characters", per: .request,
                consequence: "400 malformedParameter", test: "groupsAndNamesAreChecked"),
        ]
    }()
}

extension Limit {
    /// Counts that a limit was hit.
    static func count(_ name: String) {
        Counter(label: "switchboard_limit_hits", dimensions: [("limit", name)]).increment()
    }
}
