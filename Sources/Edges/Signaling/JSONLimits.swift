/// What one JSON text may hold. Reading stops at the first bound that is passed.
struct JSONLimits: Hashable, Sendable {
    /// The deepest nesting of arrays and objects; messages have four levels.
    var depth = 16
    /// How many values there may be in all, those inside others included. The largest message that has a use, wishes for
    /// 256 slots, has about 1,600.
    var values = 4_096
    /// The longest name of a member, in bytes.
    var nameBytes = 128
    /// The longest number, in characters. A double has at most 24.
    var numberCharacters = 64

    /// The bounds of a client's message.
    static let message = JSONLimits()
}

/// Why a text is not read as JSON, and at which byte.
struct JSONError: Error, Hashable, Sendable {
    enum Reason: Hashable, Sendable {
        /// The text ends too early, or something else is expected.
        case malformed
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case nameTooLong(limit: Int)
        case numberTooLong(limit: Int)
        /// A number beyond what a double holds.
        case numberTooLarge
    }

    var reason: Reason
    /// How many bytes were read before.
    var offset: Int

    /// A sentence for the developer of a client; it quotes nothing of the text.
    var sentence: String {
        switch reason {
        case .malformed: "The frame is not JSON at byte \(offset)."
        case .tooDeep(let limit): "The frame is nested deeper than \(limit) levels at byte \(offset)."
        case .tooManyValues(let limit): "The frame holds more than \(limit) values."
        case .nameTooLong(let limit): "The name of a member at byte \(offset) is longer than \(limit) bytes."
        case .numberTooLong(let limit): "The number at byte \(offset) is longer than \(limit) characters."
        case .numberTooLarge: "The number at byte \(offset) is too large."
        }
    }

    /// The bound of ``Swift/Array/signaling`` that was hit; nil when the text is no JSON.
    var limitName: String? {
        switch reason {
        case .malformed, .numberTooLarge: nil
        case .tooDeep: "signalling.messageDepth"
        case .tooManyValues: "signalling.messageValues"
        case .nameTooLong: "signalling.memberName"
        case .numberTooLong: "signalling.numberLength"
        }
    }
}
