internal import MediaVocabulary
internal import ProtocolCore

/// One participation in a call, as the state machine keeps it. Who has left is not kept.
struct Participant: Sendable {
    /// How far into the call the participant is.
    enum Stage: Sendable {
        /// We have asked the endpoints to ring; none has said yet that it does.
        case inviting(Invitation)
        /// At least one endpoint rings.
        case ringing(Invitation)
        /// We are the caller, and nobody whom we called is connected yet.
        case dialling(EndpointID)
        /// We have taken the call or asked to join; our media is being negotiated until `deadline`.
        case joining(EndpointID, deadline: Instant)
        /// We are in the call.
        case connected(EndpointID)
    }

    /// Where an invited participant rings, and until when.
    struct Invitation: Sendable {
        var endpoints: [EndpointID]
        var inviter: ParticipantID
        var deadline: Instant
        var context: CustomContext?
    }

    /// Whether packets come from the participant.
    enum MediaPath: Sendable {
        /// No offer yet.
        case none
        /// An offer was answered; packets must come by `deadline`.
        case settingUp(deadline: Instant)
        /// Packets came, and come unless the media is marked as lost.
        case flowing
    }

    /// What the participant's own leg has been told.
    struct Told: Hashable, Sendable {
        var state: CallState
        var kind: CallKind
        var own: OwnState
    }

    let id: ParticipantID
    let user: UserID
    var displayName: String
    let direction: CallDirection
    var stage: Stage
    var own: OwnState
    var mediaPath = MediaPath.none
    var signallingLostAt: Instant?
    var mediaLostAt: Instant?
    /// Who gets what it sends on a data channel; everybody, where the channel is not named.
    var dataRecipients: [UInt16: Set<ParticipantID>] = [:]
    /// What the media plane has been told; nil before anything was.
    var mediaTold: ParticipantMedia?
    var told: Told?

    /// What it sends and may send. Who is not connected is held.
    var media: ParticipantMedia {
        var pictures: Set<MediaSource> = []
        if own.camera { pictures.insert(.camera) }
        if own.screen { pictures.insert(.screen) }
        return ParticipantMedia(
            isMuted: own.isMuted, isOnHold: !isConnected || own.isOnHold, pictures: pictures,
            dataRecipients: dataRecipients)
    }

    /// The endpoint that takes part; nil while it only rings.
    var leg: EndpointID? {
        switch stage {
        case .inviting, .ringing: nil
        case .dialling(let endpoint), .joining(let endpoint, _), .connected(let endpoint): endpoint
        }
    }

    /// By whom and where this participant is called in; nil once there is a leg.
    var invitation: Invitation? {
        switch stage {
        case .inviting(let invitation), .ringing(let invitation): invitation
        case .dialling, .joining, .connected: nil
        }
    }

    /// The endpoints that ring; empty once there is a leg.
    var ringingEndpoints: [EndpointID] {
        invitation?.endpoints ?? []
    }

    var isConnected: Bool {
        switch stage {
        case .connected: true
        case .inviting, .ringing, .dialling, .joining: false
        }
    }

    /// Since when signalling or media has been lost, whichever began first.
    var lostAt: Instant? {
        switch (signallingLostAt, mediaLostAt) {
        case (let signalling?, let media?): min(signalling, media)
        case (let signalling?, nil): signalling
        case (nil, let media): media
        }
    }

    /// What the others see.
    var state: ParticipantState {
        switch stage {
        case .inviting, .dialling, .joining: .connecting
        case .ringing: .ringing
        case .connected:
            if lostAt != nil { .reconnecting } else if own.isOnHold { .hold } else { .connected }
        }
    }

    /// When the participant has to leave if nothing happens, and why.
    func expiry(limits: CallLimits) -> (deadline: Instant, reason: CallEndReason)? {
        var expiry: (deadline: Instant, reason: CallEndReason)?
        func consider(_ deadline: Instant, _ reason: CallEndReason) {
            if expiry.map({ deadline < $0.deadline }) ?? true {
                expiry = (deadline, reason)
            }
        }
        switch stage {
        case .inviting(let invitation), .ringing(let invitation):
            consider(invitation.deadline, invitation.endpoints.isEmpty ? .noEndpoint : .noAnswer)
        case .joining(_, let deadline): consider(deadline, .setUpTimedOut)
        case .dialling, .connected: break
        }
        if let lostAt {
            consider(lostAt + limits.reconnect, .networkLost)
        }
        switch mediaPath {
        case .settingUp(let deadline): consider(deadline, .noMediaPath)
        case .none, .flowing: break
        }
        return expiry
    }
}
