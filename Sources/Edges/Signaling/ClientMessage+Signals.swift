internal import Calling
internal import MediaVocabulary

extension TextLimit {
    /// What a caller's application tells as a whole; the web library takes 256 characters.
    static let userToUser = TextLimit(name: "signalling.userToUser", bytes: 1_024)
    /// The name of a header of a custom context; the web library takes 64 characters.
    static let headerKey = TextLimit(name: "signalling.headerKey", bytes: 256)
    /// The value of a header of a custom context; the web library takes 256 characters.
    static let headerValue = TextLimit(name: "signalling.headerValue", bytes: 1_024)
}

extension MessageLimits {
    /// Headers of both kinds in one custom context.
    static let headers = 10
}

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
        try reader.optionalStrings("participantIds", each: .identifier, limit: MessageLimits.names)?
            .map { ParticipantID($0) }
    }

    static func context(in reader: MessageReader) throws(SignalingError) -> CustomContext? {
        guard let object = try reader.optionalObject("customContext") else { return nil }
        var headers: [CustomContext.Header] = []
        for header in try object.optionalObjects("headers", limit: MessageLimits.headers) ?? [] {
            headers.append(
                CustomContext.Header(
                    key: try header.string("key", .headerKey),
                    value: try header.optionalString("value", .headerValue) ?? ""))
        }
        return CustomContext(userToUser: try object.optionalString("userToUser", .userToUser), headers: headers)
    }
}
