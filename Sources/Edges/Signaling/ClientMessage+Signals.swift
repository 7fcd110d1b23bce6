internal import Calling

/// Raised hands, the spotlight, reactions, and what the caller's application tells the callee's.
extension ClientMessage {
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
        try reader.optionalStrings("participantIds", each: .identifier, limit: MessageLimits.names)?.map { ParticipantID($0) }
    }

    static func context(in reader: MessageReader) throws(SignalingError) -> CustomContext? {
        guard let object = try reader.optionalObject("customContext") else { return nil }
        var headers: [CustomContext.Header] = []
        for header in try object.optionalObjects("headers", limit: MessageLimits.contextHeaders) ?? [] {
            headers.append(
                CustomContext.Header(
                    key: try header.string("key", .contextKey),
                    value: try header.optionalString("value", .contextValue) ?? ""))
        }
        return CustomContext(
            userToUser: try object.optionalString("userToUser", .contextValue), headers: headers)
    }
}
