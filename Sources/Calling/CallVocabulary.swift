/// Whether a call is between two people or among any number of them.
public enum CallKind: String, Hashable, Sendable {
    /// Two participants; the call ends for both when one leaves.
    case oneToOne
    /// Any number; the call lives until the last one leaves.
    case group
}

/// What one participant sees of its call. The raw values are the names used by clients.
public enum CallState: String, Hashable, Sendable {
    /// The call is being set up; nobody rings yet.
    case connecting = "Connecting"
    /// At least one callee rings.
    case ringing = "Ringing"
    /// The participant is in the call.
    case connected = "Connected"
    /// The participant put the call on hold.
    case localHold = "LocalHold"
    /// The other side of a 1:1 call put it on hold.
    case remoteHold = "RemoteHold"
    /// The participant is leaving; clients show it between their request and its reply.
    case disconnecting = "Disconnecting"
    /// The call is over for this participant.
    case disconnected = "Disconnected"
}

/// What the others see of a participant. The raw values are the names used by clients.
public enum ParticipantState: String, Hashable, Sendable {
    /// On the way into the call.
    case connecting = "Connecting"
    /// Called, not yet answered.
    case ringing = "Ringing"
    /// In the call.
    case connected = "Connected"
    /// In the call, and has put it on hold.
    case hold = "Hold"
    /// In the call, but its media or signalling is lost at the moment.
    case reconnecting = "Reconnecting"
    /// No longer in the call.
    case disconnected = "Disconnected"
}

/// Whether a participant came into the call by its own act. The raw values are the names used by clients.
public enum CallDirection: String, Hashable, Sendable {
    /// The participant was called.
    case incoming = "Incoming"
    /// The participant called or joined.
    case outgoing = "Outgoing"
}

/// Why an endpoint turns a ringing call away.
public enum Rejection: String, Hashable, Sendable, CaseIterable {
    /// The person does not want the call.
    case declined
    /// The person is in another call.
    case busy

    /// The end reason that the caller learns.
    public var reason: CallEndReason {
        switch self {
        case .declined: .declined
        case .busy: .busy
        }
    }
}
