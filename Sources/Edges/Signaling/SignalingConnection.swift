/// One open message connection to a client.
///
/// Neither method waits for the client: what it has not read yet is queued by the connection, which closes itself when
/// its bound is passed, and what comes after a close is dropped. So a slow client holds nobody up.
public protocol SignalingConnection: Sendable {
    /// Sends one text frame, after those sent before.
    func send(_ text: String)
    /// Closes with a code of the protocol, after what was sent before. Only the first close counts.
    func close(code: UInt16, reason: String)
    /// The client has shown who it is, so that it may send frames of the full size from now on.
    func admit()
}

extension SignalingConnection {
    public func admit() {}
}

/// Why a connection is closed.
enum CloseCode: UInt16, Hashable, Sendable {
    /// After `bye`.
    case normal = 1000
    /// The server stops.
    case goingAway = 1001
    /// The first frame is larger than a `hello` may be.
    case tooLarge = 1009
    /// No valid `hello`.
    case noHello = 4400
    /// The token is missing, invalid, expired or revoked, or has no scope for calls.
    case unauthorized = 4401
    /// No sign of life in time.
    case heartbeatMissed = 4408
    /// The session goes on over another connection.
    case resumedElsewhere = 4409
    /// Too many messages, too many bytes, or too many sessions of one user.
    case tooManyMessages = 4429
}

extension SignalingConnection {
    func send(_ message: ServerMessage) {
        send(message.json.text)
    }

    func close(_ code: CloseCode, _ reason: String) {
        close(code: code.rawValue, reason: reason)
    }
}
