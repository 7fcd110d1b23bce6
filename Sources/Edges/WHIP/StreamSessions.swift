internal import Calling
internal import Logging
internal import MediaVocabulary
internal import ProtocolCore

/// All sessions of the server, by the unguessable part of their URLs.
actor StreamSessions {
    private let surroundings: StreamSession.Surroundings
    private let limitPerUser: Int
    private var sessions: [String: StreamSession] = [:]
    /// Sessions of each user, those included that are being opened.
    private var counts: [UserID: Int] = [:]

    init(_ surroundings: StreamSession.Surroundings, limitPerUser: Int) {
        self.surroundings = surroundings
        self.limitPerUser = limitPerUser
    }

    /// Joins the call of a group with an offer.
    func open(
        _ direction: StreamDirection, _ offer: StreamOffer, group: GroupID, user: UserID, displayName: String,
        pinned: String?
    ) async throws(Problem) -> (session: StreamSession, opened: StreamSession.Opened) {
        guard counts[user, default: 0] < limitPerUser else {
            Limit.count("whip.sessions")
            throw Problem(.tooManySessions, "A user may have at most \(limitPerUser) sessions at a time.")
        }
        counts[user, default: 0] += 1
        let session = StreamSession(
            direction, group: group, user: user, displayName: displayName, pinned: pinned, surroundings: surroundings,
            onEnd: { [weak self] session in await self?.forget(session) })
        // Known before it joins, so that what ends it on the way finds it.
        sessions[session.key] = session
        do throws(Problem) {
            return (session, try await session.open(offer))
        } catch {
            forget(session)
            throw error
        }
    }

    /// The session at a URL, for the user whose it is.
    func session(
        _ key: String, _ direction: StreamDirection, group: GroupID, of user: UserID
    ) throws(Problem) -> StreamSession {
        guard let session = sessions[key], session.direction == direction, session.group == group,
            session.user == user
        else { throw StreamSession.gone }
        return session
    }

    /// Ends a session on its client's wish.
    func close(_ session: StreamSession) async {
        forget(session)
        await session.close(.hungUp)
    }

    /// Ends all sessions of a user whose tokens are void.
    func revoke(_ user: UserID) async {
        for session in sessions.values where session.user == user {
            forget(session)
            await session.revoke()
        }
    }

    private func forget(_ session: StreamSession) {
        guard sessions.removeValue(forKey: session.key) != nil else { return }
        counts[session.user, default: 0] -= 1
        if counts[session.user] == 0 { counts[session.user] = nil }
    }
}
