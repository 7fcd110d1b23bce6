internal import Calling
public import ProtocolCore

extension [Limit] {
    /// What a client can make the signalling edge hold or do.
    public static let signaling: [Limit] = {
        let settings = SignalingSettings()
        let json = JSONLimits.message
        let refused = "The message is refused as malformed."
        func text(_ limit: TextLimit) -> Limit {
            Limit(
                limit.name, limit.bytes, "bytes", per: .message, consequence: refused, test: "longStrings")
        }
        return [
            Limit(
                "signalling.hello", MessageLimits.helloBytes, "bytes", per: .connection,
                consequence: "The connection is closed with 1009.", test: "firstFrame"),
            Limit(
                "signalling.helloTime", Int(settings.helloTimeout.components.seconds), "seconds", per: .connection,
                consequence: "The connection is closed with 4400.", test: "helloTimeout"),
            Limit(
                "signalling.messageRate", settings.rateLimit, "messages in 10 seconds", per: .session,
                consequence: "The connection is closed with 4429; the session can be resumed.", test: "rateLimit"),
            Limit(
                "signalling.byteRate", settings.bytesPerSecond, "bytes a second, after a burst of 1 MiB", per: .session,
                consequence: "The connection is closed with 4429; the session can be resumed.", test: "bytes"),
            Limit(
                "signalling.messageDepth", json.depth, "levels", per: .message, consequence: refused, test: "depth"),
            Limit(
                "signalling.messageValues", json.values, "values", per: .message, consequence: refused,
                test: "valueCount"),
            Limit(
                "signalling.memberName", json.nameBytes, "bytes", per: .message, consequence: refused, test: "lengths"),
            Limit(
                "signalling.numberLength", json.numberCharacters, "characters", per: .message, consequence: refused,
                test: "lengths"),
            Limit(
                "signalling.elements", MessageLimits.names,
                "elements of an array (\(MessageLimits.lines) of m-lines, \(MessageLimits.recipients) of recipients)",
                per: .message, consequence: refused, test: "elements"),
            text(.type), text(.identifier), text(.user), text(.resumeKey), text(.token), text(.mid),
            text(.displayName),
            Limit(
                "signalling.displayNameCharacters", MessageLimits.displayNameCharacters, "characters", per: .message,
                consequence: refused, test: "displayName"),
            text(.sessionDescription), text(.userToUser), text(.headerKey), text(.headerValue),
            Limit(
                "signalling.headers", MessageLimits.headers, "headers of a custom context", per: .message,
                counter: "switchboard_limit_hits_total{limit=\"signalling.elements\"}",
                consequence: refused, test: "customContext"),
            Limit(
                "signalling.missedNews", SignalingSession.missedLimit, "ends of calls", per: .session,
                consequence: "Of those that a client missed the oldest are forgotten.", test: "missedNews"),
            Limit(
                "signalling.earlyNews", SignalingSession.earlyLimit, "messages", per: .session,
                consequence: "The connection is closed with 4429; the session can be resumed.", test: "earlyNews"),
            Limit(
                "signalling.resumeWindow", Int(settings.resumeWindow.components.seconds), "seconds", per: .session,
                consequence: "A session whose client stays away longer ends with 490/4502.", test: "heartbeat"),
            Limit(
                "calls.sessionsPerUser", settings.sessionsPerUser, "sessions", per: .user,
                setting: "calls.sessionsPerUser",
                consequence: "Lost sessions make way, the oldest first; then a hello is refused with limitReached.",
                test: "sessionsPerUser"),
        ]
    }()
}
