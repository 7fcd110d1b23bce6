import Metrics

/// The limits of this room that are counted when they are hit, by the names that they have in the table of limits.
enum LimitName: String, CaseIterable {
    case connections = "http.connections"
    case connectionsPerAddress = "http.connectionsPerAddress"
    case provedConnections = "http.provedConnections"
    case headTime = "http.headTime"
    case idleTime = "http.idleTime"
    case bodyTime = "http.bodyTime"
    case leftoverTime = "http.leftoverTime"
    case answerTime = "http.answerTime"
    case lingerTime = "http.lingerTime"
    case discardedBytes = "http.discardedBytes"
    case headerBytes = "http.headerBytes"
    case messageBytes = "webSocket.messageBytes"
    case unreadMessages = "webSocket.unreadMessages"
    case unsentBytes = "webSocket.unsentBytes"
    case controlFrames = "webSocket.controlFrames"
    case closingBytes = "webSocket.closingBytes"
    case silence = "webSocket.silence"

    /// Counts one more time that it was hit.
    func countHit() {
        Counter(label: "switchboard_limit_hits", dimensions: [("limit", rawValue)]).increment()
    }
}
