internal import Calling
internal import ProtocolCore

/// What a client has been told of one call of its own.
struct CallLine: Sendable {
    /// Messages up to this version are contained in the snapshot that the client has.
    let version: UInt64
    var roster: RosterCoalescer
    /// When gathered roster changes will be pushed.
    var flush: ScheduledAction?

    init(version: UInt64, roster: RosterCoalescer) {
        self.version = version
        self.roster = roster
    }
}

extension LegMessage {
    /// The push that tells it; nil for roster changes, which are gathered.
    var push: ServerMessage? {
        switch notification {
        case .state(let state, let kind, let reason): .state(call, state, kind, reason)
        case .roster: nil
        case .own(let own): .own(call, own)
        case .speakers(let report): .speakers(call, report)
        case .reactions(let reactions): .reactions(call, reactions)
        case .media(let isConnected): .mediaState(call, isConnected: isConnected)
        case .slots(let slots): .slots(call, slots)
        case .codecWanted(let mid, let codec, let reason): .codec(call, mid: mid, codec: codec, reason: reason)
        case .layers(let mid, let layers): .layers(call, mid: mid, layers)
        case .allocation(let allocation): .allocation(call, allocation)
        }
    }
}
