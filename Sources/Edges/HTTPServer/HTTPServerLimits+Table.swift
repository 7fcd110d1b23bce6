public import ProtocolCore

extension [Limit] {
    /// The limits of connections, requests and WebSockets, as they are when no setting changes them.
    public static let httpServer: [Limit] = connectionLimits + requestLimits + webSocketLimits

    private static let connectionLimits: [Limit] = {
        let limits = ConnectionLimits()
        return [
            limit(
                .connections, limits.unproved, "connections", per: .server, setting: "http.connections",
                "the oldest one that has not logged in is closed", "theOldestStrangerMakesWay"),
            limit(
                .connectionsPerAddress, limits.unprovedPerAddress, "connections", per: .address,
                setting: "http.connectionsPerAddress", "the oldest one of the address (or /64) is closed",
                "oneAddressHasItsShare"),
            limit(
                .provedConnections, limits.proved, "connections", per: .server,
                "one more stays among those that make way", "whoHasLoggedInNeverMakesWay"),
        ]
    }()

    private static let requestLimits: [Limit] = {
        let limits = HTTPLimits()
        return [
            limit(
                .headTime, seconds(limits.headTimeout), "seconds", per: .request, "the connection is closed",
                "theFirstHeadHasItsTimeHoweverItComes"),
            limit(
                .idleTime, seconds(limits.idleTimeout), "seconds", per: .connection, setting: "http.idleTimeout",
                "the connection is closed", "anIdleConnectionOutlivesCommonBalancers"),
            limit(
                .bodyTime, seconds(limits.bodyTimeout), "seconds and one more for each \(limits.bodyRate) bytes",
                per: .request, "the connection is closed", "aBodyMayBeSlowButNotForEver"),
            limit(
                .leftoverTime, seconds(limits.leftoverTimeout), "seconds", per: .request, "the connection is closed",
                "theRestOfARefusedBodyHasAnAbsoluteTime"),
            limit(
                .answerTime, seconds(limits.answerTimeout), "seconds and one more for each \(limits.answerRate) bytes",
                per: .request, "the connection is closed", "anAnswerHasToBeRead"),
            limit(
                .lingerTime, seconds(limits.lingerTimeout), "seconds", per: .connection, "the connection is closed",
                "whoDoesNothingOrReadsNothingIsLetGo"),
            limit(
                .discardedBytes, limits.discardedBytes, "bytes that are thrown away", per: .request,
                "nothing more is read until the connection is closed", "whatIsThrownAwayIsRationed"),
            limit(
                .headerBytes, limits.headerBytes,
                "bytes of header fields, at most \(limits.headerFields) with \(limits.headerFieldBytes) each",
                per: .request, "431 and the end of the connection", "malformedRequestsGetOneAnswerAndTheEnd"),
        ]
    }()

    private static let webSocketLimits: [Limit] = {
        let limits = WebSocketLimits()
        return [
            limit(
                .messageBytes, limits.messageBytes,
                "bytes and \(WebSocketReader.fragmentLimit) fragments; \(limits.messageBytesBeforeLogin) before login",
                per: .message, "closed with 1009", "messagesAreSmallBeforeLoginAndUpTo256KiBAfterIt"),
            limit(
                .unreadMessages, limits.unreadMessages, "messages with \(limits.unreadBytes) bytes together",
                per: .connection, "closed with 1008", "messagesThatNobodyTakesCloseTheConnection"),
            limit(
                .unsentBytes, limits.unsentBytes, "bytes", per: .connection, "closed with 4408",
                "slowReaderIsClosedInsteadOfQueuedForever"),
            limit(
                .controlFrames, limits.controlFramesPerSecond,
                "pings and pongs a second, \(limits.controlFrameBurst) at once", per: .connection, "closed with 1008",
                "controlFramesAreRationed"),
            limit(
                .closingBytes, limits.closingBytes, "bytes after this side's close frame", per: .connection,
                "nothing more is read until the connection is closed", "whatFollowsTheCloseFrameIsRationed"),
            limit(
                .silence, limits.unansweredPings, "pings of \(seconds(limits.pingInterval)) seconds without an answer",
                per: .connection, "the connection is closed", "silentClientIsPingedThenDropped"),
        ]
    }()

    private static func limit(
        _ name: LimitName, _ value: Int, _ unit: String, per scope: Limit.Scope, setting: String? = nil,
        _ consequence: String, _ test: String
    ) -> Limit {
        Limit(name.rawValue, value, unit, per: scope, setting: setting, consequence: consequence, test: test)
    }

    private static func seconds(_ duration: Duration) -> Int { Int(duration.components.seconds) }
}
