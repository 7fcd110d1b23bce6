internal import NIOCore

/// How long a connection may stay: a fixed time until it has proved itself, and from then on as long as proofs come.
struct ConnectionLife {
    private let idleTimeout: TimeAmount
    private(set) var isProved = false
    /// When the connection is to be closed, unless it is extended before.
    private(set) var deadline: NIODeadline

    init(_ limits: RelayLimits, now: NIODeadline) {
        idleTimeout = limits.idleTimeout
        deadline = now + limits.proofTimeout
    }

    /// Something came that only the rightful client can have sent.
    mutating func prove(at now: NIODeadline) {
        isProved = true
        deadline = now + idleTimeout
    }

    /// Something came that shows that a connection which has proved itself is in use.
    mutating func extend(at now: NIODeadline) {
        if isProved { deadline = now + idleTimeout }
    }
}
