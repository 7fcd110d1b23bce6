/// A call that rings here.
public final class IncomingCall: Sendable {
    public let id: String
    public let callerInfo: CallerInfo
    public let kind: CallKind
    public let groupId: String?
    private let agent: CallAgent
    private let ended = Broadcast<CallEndReason>()

    public struct CallerInfo: Hashable, Sendable {
        public let identifier: CommunicationUserIdentifier
        public let displayName: String?
    }

    init(_ wire: Wire.IncomingCall, agent: CallAgent) {
        id = wire.callId
        callerInfo = CallerInfo(
            identifier: CommunicationUserIdentifier(wire.from.userId), displayName: wire.from.displayName)
        kind = CallKind(rawValue: wire.kind) ?? .oneToOne
        groupId = wire.groupId
        self.agent = agent
    }

    /// Why it rings no more: one element, then the end.
    public var callEnded: AsyncStream<CallEndReason> { ended.stream() }

    public func accept(options: CallOptions = CallOptions()) async throws -> Call {
        try await agent.accept(self, options)
    }

    /// Declines the call, or says that we are busy.
    public func reject(isBusy: Bool = false) async throws {
        try await agent.reject(self, isBusy: isBusy)
    }

    func end(_ reason: CallEndReason) {
        ended.send(reason)
        ended.finish()
    }
}
