public import ProtocolCore

extension [Limit] {
    /// What users can make the call plane hold or do.
    public static let calling: [Limit] = {
        let call = CallLimits.standard
        let user = UserLimits.standard
        return [
            Limit(
                "calls.perUser", user.calls, "calls", per: .user, setting: "calls.perUser",
                consequence: "Starting, joining and accepting are refused with limitReached.", test: "callsPerUser"),
            Limit(
                "calls.ringsPerMinute", user.ringsPerMinute, "people rung and group calls opened in a minute",
                per: .user,
                setting: "calls.ringsPerMinute",
                consequence: "Starting, adding and opening a group call are refused with limitReached.",
                test: "ringsPerMinute"),
            Limit(
                "calls.participants", call.participants, "participants", per: .call,
                counter: "switchboard_signalling_refusals_total{reason=\"callFull\"}",
                consequence: "Further ones are refused with callFull.", test: "limit"),
            Limit(
                "calls.spotlighted", call.spotlighted, "participants in the spotlight", per: .call,
                counter: "switchboard_signalling_refusals_total{reason=\"invalidState\"}",
                consequence: "Further ones are refused with invalidState.", test: "spotlight"),
            Limit(
                CallLimitName.reactionsPerReport.rawValue, call.reactionsPerReport, "reactions in one report",
                per: .call,
                consequence: "Of more, the oldest are not told.", test: "limit"),
            Limit(
                "calls.ringTime", Int(call.ring.components.seconds), "seconds", per: .participant,
                counter: "switchboard_participants_left_total{code=\"487/10004\"}",
                consequence: "The callee leaves with 487/10004.", test: "noAnswer"),
            Limit(
                "calls.setUpTime", Int(call.setUp.components.seconds), "seconds", per: .participant,
                counter: "switchboard_participants_left_total{code=\"410/301004\"}",
                consequence: "A participant whose media does not come leaves with 410/301004.", test: "noMediaPath"),
            Limit(
                "calls.reconnectTime", Int(call.reconnect.components.seconds), "seconds", per: .participant,
                counter: "switchboard_participants_left_total{code=\"490/4502\"}",
                consequence: "A lost participant leaves with 490/4502.", test: "afterTheWindow"),
            Limit(
                CallLimitName.remembered.rawValue, CallDirectory.rememberedCalls, "ended calls", per: .server,
                consequence: "Requests about older ones are answered with callNotFound.", test: "rememberedCalls"),
        ]
    }()
}
