internal import Calling
internal import Logging
internal import MediaVocabulary

/// What a client can ask for, carried out.
extension SignalingSession {
    func perform(_ request: ClientMessage.Request) async throws(SignalingError) -> ServerMessage.Reply {
        try require(request.act)
        if case .token(let text) = request {
            try await takeToken(text)
            return .done
        }
        if case .servers = request { return .servers(await surroundings.mediaServers(user)) }
        do throws(CallRefusal) {
            return try await performInCalls(request)
        } catch {
            if case .mediaUnavailable(let why) = error {
                surroundings.logger.error("request failed", metadata: ["user": "\(user)", "why": "\(why)"])
            }
            throw SignalingError(error, user: user)
        }
    }

    private func performInCalls(
        _ request: ClientMessage.Request
    ) async throws(CallRefusal) -> ServerMessage.Reply {
        let directory = surroundings.directory
        switch request {
        case .token, .servers: break
        case .start(let targets, let isMuted, let context, let media):
            return .setUp(
                try await directory.start(
                    from: id, targets: targets, isMuted: isMuted, context: context, media: media))
        case .join(let group, let isMuted, let media):
            return .setUp(try await directory.join(group, from: id, isMuted: isMuted, media: media))
        case .accept(let call, let isMuted, let media):
            return .setUp(try await directory.accept(call, at: id, isMuted: isMuted, media: media))
        case .reject(let call, let rejection):
            try await directory.reject(call, at: id, rejection)
            hide(call)
        case .hangUp(let call, let forEveryone): try await directory.hangUp(call, at: id, forEveryone: forEveryone)
        case .add(let call, let target): return .participant(try await directory.add(target, to: call, by: id))
        case .remove(let call, let participant): try await directory.remove(participant, from: call, by: id)
        case .mute(let call, let isMuted): try await directory.setMuted(isMuted, in: call, at: id)
        case .muteParticipants(let call, let others): try await directory.mute(others, in: call, by: id)
        case .hold(let call, let isOnHold): try await directory.setOnHold(isOnHold, in: call, at: id)
        case .publish(let call, let camera, let screen):
            try await directory.setPublishing(camera: camera, screen: screen, in: call, at: id)
        case .signal(let call, let signal): try await directory.signal(signal, in: call, at: id)
        case .offer(let call, let offer): return .media(try await directory.negotiate(offer, in: call, at: id))
        case .receive(let call, let slots): try await directory.request(slots, in: call, at: id)
        case .dataRecipients(let call, let channel, let recipients):
            try await directory.setDataRecipients(recipients, ofChannel: channel, in: call, at: id)
        }
        return .done
    }

    private func takeToken(_ text: String) async throws(SignalingError) {
        let verified = try await surroundings.service.verify(text)
        guard verified.user == user else {
            throw SignalingError(
                .unauthorized, "The token is of another user than the session.", target: verified.user.rawValue)
        }
        guard verified.permissions.includes(token.permissions) else {
            throw SignalingError(
                .missingScope, "The new token allows less than the one before. Open another session with it.",
                target: "token")
        }
        await replaceToken(verified)
    }

    private func require(_ act: CallAct) throws(SignalingError) {
        guard !token.permissions.allows(act) else { return }
        throw SignalingError(.missingScope, act: act)
    }
}

extension SignalingError {
    init(_ reason: Reason, act: CallAct) {
        self.init(
            reason, "The token lacks the scope \(act.sufficientScopeText).",
            target: act.sufficientScopes.last?.rawValue)
    }
}

extension VerifiedToken {
    /// What its scopes allow.
    var permissions: CallPermissions {
        CallPermissions(scopes: scopes)
    }
}

extension ClientMessage.Request {
    /// What the scopes of the token have to allow for it.
    fileprivate var act: CallAct {
        switch self {
        case .token: .signIn
        case .servers: .askForServers
        case .start: .start
        case .join: .join
        case .accept: .accept
        case .reject: .reject
        case .add: .add
        case .hangUp, .remove, .mute, .muteParticipants, .hold, .publish, .signal, .offer, .receive, .dataRecipients:
            .takePart
        }
    }
}

extension ServerMessage.Reply {
    fileprivate static func setUp(_ setUp: CallDirectory.SetUp) -> Self {
        .call(ServerMessage.Snapshot(call: setUp.snapshot, rosterSequence: 0), setUp.media)
    }
}
