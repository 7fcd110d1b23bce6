/// What a user can do about calls, as far as the scopes of its token decide it.
public enum CallAct: String, Hashable, Sendable, CaseIterable {
    /// Being there: opening a signalling session.
    case signIn
    /// Learning which STUN and TURN servers may be used, with credentials for them.
    case askForServers
    /// Calling one user or several.
    case start
    /// Being rung.
    case beCalled
    case accept
    case reject
    /// Joining the call of a group id, by signalling or by WHIP and WHEP.
    case join
    /// Calling somebody into a running call.
    case add
    /// What participants do in a call: leave, mute, hold, publish, negotiate, choose what they see, send data.
    case takePart
}

/// A scope of a user access token that has to do with calls.
public enum CallScope: String, Hashable, Sendable, CaseIterable {
    /// Calls of all kinds.
    case voip
    /// Joining calls by their group id only: neither calling anybody nor being called.
    case voipJoin = "voip.join"

    /// The table of acts and scopes.
    public var acts: Set<CallAct> {
        switch self {
        case .voip: Set(CallAct.allCases)
        case .voipJoin: [.signIn, .askForServers, .join, .takePart]
        }
    }
}

/// What the scopes of one token allow.
public struct CallPermissions: Hashable, Sendable {
    private let acts: Set<CallAct>

    /// - Parameter scopes: the words of the token; those that have nothing to do with calls allow nothing.
    public init(scopes: some Sequence<String>) {
        acts = scopes.reduce(into: []) { $0.formUnion(CallScope(rawValue: $1)?.acts ?? []) }
    }

    public func allows(_ act: CallAct) -> Bool {
        acts.contains(act)
    }

    /// Whether everything that `other` allows is allowed here as well.
    public func includes(_ other: CallPermissions) -> Bool {
        acts.isSuperset(of: other.acts)
    }
}

extension CallAct {
    /// The scopes of which one is needed.
    public var sufficientScopes: [CallScope] {
        CallScope.allCases.filter { $0.acts.contains(self) }
    }

    /// The scopes in words, for example `voip or voip.join`.
    public var sufficientScopeText: String {
        sufficientScopes.map(\.rawValue).joined(separator: " or ")
    }
}
