/// Why a call or a participation is over: the numbers that client applications switch on, and a sentence.
public struct CallEndReason: Hashable, Sendable {
    /// Reads like an HTTP or SIP status; 0 is a normal end.
    public let code: Int
    /// Tells ends of one code apart.
    public let subCode: Int
    /// A sentence for a person.
    public let message: String

    public init(code: Int, subCode: Int, message: String) {
        self.code = code
        self.subCode = subCode
        self.message = message
    }
}

extension CallEndReason {
    /// The participant hung up.
    public static let hungUp = CallEndReason(code: 0, subCode: 0, message: "The participant hung up.")
    /// Somebody ended the call for everyone.
    public static let endedForEveryone = CallEndReason(
        code: 0, subCode: 4097, message: "The call was ended for everyone.")
    /// The tab or application of the participant was closed.
    public static let applicationClosed = CallEndReason(
        code: 0, subCode: 4521, message: "The tab or application was closed.")
    /// The other side of a 1:1 call left, or nobody of those called came for differing reasons.
    public static let callOver = CallEndReason(code: 0, subCode: 5003, message: "The call is over.")
    /// Another participant removed this one.
    public static let removed = CallEndReason(
        code: 0, subCode: 5300, message: "Another participant removed this participant from the call.")
    /// The caller gave up before anybody answered.
    public static let cancelled = CallEndReason(code: 487, subCode: 0, message: "The caller cancelled the call.")
    /// Another endpoint of the same user took the call.
    public static let answeredElsewhere = CallEndReason(
        code: 487, subCode: 10003, message: "The call was answered on another endpoint of this user.")
    /// The ring time passed.
    public static let noAnswer = CallEndReason(code: 487, subCode: 10004, message: "Nobody answered in time.")
    /// Everybody who was called declined.
    public static let declinedByAll = CallEndReason(
        code: 487, subCode: 10024, message: "Everybody who was called declined.")
    /// The callee declined.
    public static let declined = CallEndReason(code: 603, subCode: 0, message: "The callee declined the call.")
    /// The callee is in another call.
    public static let busy = CallEndReason(code: 486, subCode: 0, message: "The callee is busy.")
    /// The callee is signed in nowhere.
    public static let noEndpoint = CallEndReason(
        code: 480, subCode: 10037, message: "The callee has no registered endpoint.")
    /// Every endpoint of the callee went away while it rang.
    public static let calleeVanished = CallEndReason(
        code: 408, subCode: 10057, message: "Every endpoint of the callee went away while it rang.")
    /// The call was taken, but not set up in time.
    public static let setUpTimedOut = CallEndReason(
        code: 408, subCode: 4506, message: "The call was not set up in time.")
    /// The token of the user is expired, revoked or replaced by a wrong one.
    public static let unauthorized = CallEndReason(
        code: 401, subCode: 10009, message: "The token of this user is no longer valid.")
    /// The first offer could not be answered.
    public static let mediaNegotiationFailed = CallEndReason(
        code: 410, subCode: 3100, message: "The media of the call could not be negotiated.")
    /// No media packet ever came.
    public static let noMediaPath = CallEndReason(
        code: 410, subCode: 301004, message: "No media arrived from this participant after set-up.")
    /// The client was away for longer than the reconnect window.
    public static let networkLost = CallEndReason(
        code: 490, subCode: 4502, message: "The network of the participant was lost and did not come back in time.")
    /// The server stops.
    public static let serverClosing = CallEndReason(code: 503, subCode: 0, message: "The server is stopping.")
}
