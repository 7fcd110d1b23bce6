internal import Calling

/// Raised hands, the spotlight, reactions, and what the caller's application tells the callee's.
extension ClientMessage {
    /// Contract: characters of the parts of a custom context, and headers of both kinds together.
    private static let userToUserLimit = 256
    private static let headerLimit = 10
    private static let headerKeyLimit = 64
    private static let headerValueLimit = 256

    static func signal(_ type: String, _ reader: MessageReader) throws(SignalingError) -> CallSignal {
        switch type {
        case "call.raiseHand": return .hand(isRaised: try reader.bool("raised"))
        case "call.lowerHands": return .lowerHands(try participants(reader))
        case "call.spotlight":
            let named = try participants(reader)
            guard try reader.bool("on") else { return .endSpotlight(named) }
            return .startSpotlight(try reader.required("participantIds", named))
        default: return .reaction(try reader.choice("reaction", Reaction.self))
        }
    }

    private static func participants(_ reader: MessageReader) throws(SignalingError) -> [ParticipantID]? {
        try reader.optionalStrings("participantIds", limit: nameLimit)?.map { ParticipantID($0) }
    }

    static func context(in reader: MessageReader) throws(SignalingError) -> CustomContext? {
        guard let object = try reader.optionalObject("customContext") else { return nil }
        var headers: [CustomContext.Header] = []
        for header in try object.optionalObjects("headers", limit: headerLimit) ?? [] {
            // Named with its limit first, then required.
            _ = try header.optionalString("key", limit: headerKeyLimit)
            headers.append(
                CustomContext.Header(
                    key: try header.string("key"),
                    value: try header.optionalString("value", limit: headerValueLimit) ?? ""))
        }
        return CustomContext(
            userToUser: try object.optionalString("userToUser", limit: userToUserLimit), headers: headers)
    }
}
