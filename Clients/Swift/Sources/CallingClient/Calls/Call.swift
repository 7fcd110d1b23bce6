public import ClientTransport
internal import Congestion
internal import Foundation
internal import ProtocolCore
internal import SDP

/// A call that we are in.
///
/// ```swift
/// let call = try await agent.startCall(participants: [grace])
/// try await call.startAudio(voice)
/// for await event in call.events { … }
/// ```
public actor Call {
    public nonisolated let id: String
    public nonisolated let direction: CallDirection
    nonisolated let broadcast = Broadcast<CallEvent>()

    public private(set) var state: CallState
    public private(set) var kind: CallKind
    public private(set) var isMuted: Bool
    public private(set) var isLocalVideoStarted = false
    public private(set) var isScreenSharingOn = false
    public private(set) var groupId: String?
    /// Why it is over; nil before.
    public private(set) var callEndReason: CallEndReason?
    /// Our own participant id.
    public private(set) var participantId: String
    public private(set) var dominantSpeakers: [String]
    private var roster: [RemoteParticipant]

    let signalling: SignallingSession
    var media: CallMedia
    let reopenMedia: @Sendable () async throws -> CallMedia
    private let options: CallOptions
    var videoStreams: [MediaStreamType: RawOutgoingVideoStream] = [:]
    var audioStream: RawOutgoingAudioStream?
    var wishes: [String: Wish] = [:]
    var isRestarting = false
    var dataChannelFeature: DataChannelFeature?
    /// How often in a row the path was lost, for the pause before the next restart.
    var restarts = 0

    struct Wish: Hashable {
        var participant: String?
        var source: String
    }

    /// - Parameter reopenMedia: Opens a transport with another certificate, in place of one that has failed.
    init(
        _ snapshot: Wire.Snapshot, signalling: SignallingSession, media: CallMedia, options: CallOptions,
        reopenMedia: @escaping @Sendable () async throws -> CallMedia
    ) {
        id = snapshot.callId
        direction = CallDirection(rawValue: snapshot.direction) ?? .outgoing
        state = CallState(rawValue: snapshot.state) ?? .connecting
        kind = CallKind(rawValue: snapshot.kind) ?? .group
        isMuted = snapshot.muted
        groupId = snapshot.groupId
        participantId = snapshot.participantId
        dominantSpeakers = snapshot.dominant
        roster = snapshot.participants.map { RemoteParticipant($0) }
        self.signalling = signalling
        self.media = media
        self.reopenMedia = reopenMedia
        self.options = options
        (lifetime, lifetimeEnd) = AsyncStream.makeStream(of: CallEvent.self)
    }

    /// What happens, from now on; for the first listener from the beginning.
    public nonisolated var events: AsyncStream<CallEvent> { broadcast.stream() }

    /// The same for the agent, which must not take what waits for the app.
    nonisolated let lifetime: AsyncStream<CallEvent>
    private let lifetimeEnd: AsyncStream<CallEvent>.Continuation

    /// The others.
    public var remoteParticipants: [RemoteParticipant] { roster }

    /// How much may be sent at present, in bits per second, and how the session fares.
    public func mediaStatistics() async -> TransportLoop.Snapshot? {
        await media.loop.snapshot(media.session)
    }

    // MARK: Controls

    public func hangUp(forEveryone: Bool = false) async throws {
        try await request("call.hangUp", ["forEveryone": .bool(forEveryone)])
        if state != .disconnected { await end(CallEndReason(code: 0, subCode: 0)) }
    }

    public func mute() async throws {
        try await request("call.mute", ["muted": true])
    }

    public func unmute() async throws {
        try await request("call.mute", ["muted": false])
    }

    public func hold() async throws {
        try await request("call.hold", ["onHold": true])
    }

    public func resume() async throws {
        try await request("call.hold", ["onHold": false])
    }

    /// Rings somebody into the call; gives the new participant's id.
    @discardableResult
    public func addParticipant(_ identifier: CommunicationUserIdentifier) async throws -> String {
        try await signalling.request(
            "call.add", ["callId": .string(id), "target": .string(identifier.rawId)], as: Wire.ParticipantReply.self
        ).participantId
    }

    public func removeParticipant(_ participantId: String) async throws {
        try await request("call.remove", ["participantId": .string(participantId)])
    }

    /// Mutes others; without ids all of them.
    public func muteParticipants(_ participantIds: [String]? = nil) async throws {
        var members: [String: JSONValue] = [:]
        if let participantIds { members["participantIds"] = .array(participantIds.map { .string($0) }) }
        try await request("call.muteParticipants", members)
    }

    // MARK: What we send

    /// Sends a camera's or screen's pictures.
    public func startVideo(_ stream: RawOutgoingVideoStream) async throws {
        guard videoStreams[stream.type] == nil else {
            throw CallingError(.videoAlreadyOn, "There is a \(stream.type.rawValue) stream in this call already.")
        }
        videoStreams[stream.type] = stream
        media.connect(stream)
        await media.loop.setWantedBitrate(media.session, Self.wantedBitrate)
        try await publish()
    }

    public func stopVideo(_ stream: RawOutgoingVideoStream) async throws {
        guard videoStreams[stream.type] === stream else { return }
        videoStreams[stream.type] = nil
        stream.connect(nil)
        if videoStreams.isEmpty { await media.loop.setWantedBitrate(media.session, .zero) }
        try await publish()
    }

    /// Sends a microphone's sound, in place of what was sent before.
    public func startAudio(_ stream: RawOutgoingAudioStream) {
        audioStream?.connect(nil)
        audioStream = stream
        media.connect(stream)
    }

    public func stopAudio() {
        audioStream?.connect(nil)
        audioStream = nil
    }

    /// What 1080p at 30 frames per second takes, with some room.
    static let wantedBitrate = Bitrate.megabits(6)

    private func publish() async throws {
        isLocalVideoStarted = videoStreams[.camera] != nil
        isScreenSharingOn = videoStreams[.screen] != nil
        try await request(
            "call.publish", ["camera": .bool(isLocalVideoStarted), "screen": .bool(isScreenSharingOn)])
    }

    func request(_ type: String, _ members: [String: JSONValue]) async throws {
        guard state != .disconnected else { throw CallingError(.callEnded, "The call is over.", target: id) }
        var members = members
        members["callId"] = .string(id)
        _ = try await signalling.request(type, members, as: Wire.Empty.self)
    }
}

// MARK: - News

extension Call {
    func handle(_ type: String, _ data: Data) async {
        let decoder = JSONDecoder()
        switch type {
        case "call.state":
            if let push = try? decoder.decode(Wire.CallState.self, from: data) { await take(push) }
        case "call.roster":
            if let push = try? decoder.decode(Wire.Roster.self, from: data) { await take(push) }
        case "call.self":
            if let push = try? decoder.decode(Wire.SelfState.self, from: data), push.muted != isMuted {
                isMuted = push.muted
                broadcast.send(.mutedChanged(push.muted))
            }
        case "call.speakers":
            if let push = try? decoder.decode(Wire.Speakers.self, from: data) {
                dominantSpeakers = push.dominant
                broadcast.send(.dominantSpeakersChanged(push.dominant, levels: push.levels))
            }
        case "media.slots":
            if let push = try? decoder.decode(Wire.Slots.self, from: data) { await take(push) }
        case "media.layers":
            if let push = try? decoder.decode(Wire.Layers.self, from: data) { take(push) }
        default:
            break
        }
    }

    private func take(_ push: Wire.CallState) async {
        if let kind = CallKind(rawValue: push.kind), kind != self.kind {
            self.kind = kind
            broadcast.send(.kindChanged(kind))
        }
        guard let state = CallState(rawValue: push.state) else { return }
        if state == .disconnected {
            await end(push.reason.map { CallEndReason($0) } ?? CallEndReason(code: 0, subCode: 0))
        } else if state != self.state {
            self.state = state
            broadcast.send(.stateChanged(state))
        }
    }

    private func take(_ push: Wire.Roster) async {
        let added = push.added.map { RemoteParticipant($0) }
        let gone = Set(push.removed.map(\.participantId))
        let removed = roster.filter { gone.contains($0.id) }
        roster.removeAll { gone.contains($0.id) }
        for participant in added + push.changed.map({ RemoteParticipant($0) }) {
            if let index = roster.firstIndex(where: { $0.id == participant.id }) {
                roster[index] = participant
            } else {
                roster.append(participant)
            }
        }
        if !added.isEmpty || !removed.isEmpty {
            broadcast.send(.remoteParticipantsUpdated(added: added, removed: removed))
        }
        for changed in push.changed { broadcast.send(.remoteParticipantChanged(RemoteParticipant(changed))) }
        await requestPictures()
    }

    private func take(_ push: Wire.Slots) async {
        var contents: [Mid: SlotReceiver.Content] = [:]
        for slot in push.slots {
            // News of a wish that has changed meanwhile is no news.
            if let wish = wishes[slot.mid], wish.participant != slot.participantId { continue }
            contents[Mid(slot.mid)] = SlotReceiver.Content(participant: slot.participantId, source: slot.source)
        }
        await media.setContents(contents)
        for slot in push.slots where slot.state == "unavailable" {
            broadcast.send(
                .videoUnavailable(
                    participant: slot.participantId, reason: slot.reason ?? "", message: slot.message ?? ""))
        }
    }

    private func take(_ push: Wire.Layers) {
        guard let type = media.type(of: Mid(push.mid)), let stream = videoStreams[type] else { return }
        for layer in push.layers {
            stream.notify(.layerActivated(layer.rid, layer.active))
            stream.notify(.bitrateLimited(layer.rid, layer.maxBitrate))
        }
    }

    /// The call came back after its connection was lost.
    func take(_ snapshot: Wire.Snapshot) async {
        let known = Set(roster.map(\.id))
        let now = Set(snapshot.participants.map(\.participantId))
        let removed = roster.filter { !now.contains($0.id) }
        roster = snapshot.participants.map { RemoteParticipant($0) }
        participantId = snapshot.participantId
        dominantSpeakers = snapshot.dominant
        isMuted = snapshot.muted
        if let state = CallState(rawValue: snapshot.state), state != self.state {
            self.state = state
            broadcast.send(.stateChanged(state))
        }
        let added = roster.filter { !known.contains($0.id) }
        if !added.isEmpty || !removed.isEmpty {
            broadcast.send(.remoteParticipantsUpdated(added: added, removed: removed))
        }
        wishes = [:]
        await requestPictures()
        await restartMedia()
    }

    /// It is over.
    func end(_ reason: CallEndReason) async {
        guard state != .disconnected else { return }
        state = .disconnected
        callEndReason = reason
        for stream in videoStreams.values { stream.connect(nil) }
        stopAudio()
        await media.close()
        broadcast.send(.stateChanged(.disconnected))
        broadcast.finish()
        await dataChannelFeature?.end()
        lifetimeEnd.finish()
    }

    // MARK: Media

    /// Asks for the pictures of as many people as there are slots, those who speak first.
    func requestPictures() async {
        guard options.incomingMedia.videoSlots > 0, state != .disconnected else { return }
        var news: [JSONValue] = []
        var contents: [Mid: SlotReceiver.Content] = [:]
        for (purpose, type) in [(LinePurpose.videoSlot, MediaStreamType.camera), (.screenSlot, .screen)] {
            let mids = media.mids(purpose)
            let all = roster.filter { $0.videoStreams.contains(type) }.map(\.id)
            let shown = Array((dominantSpeakers.filter { all.contains($0) } + all).unique.prefix(mids.count))
            // Whoever has a place keeps it.
            let placed = mids.map { wishes[$0.rawValue]?.participant.flatMap { shown.contains($0) ? $0 : nil } }
            var waiting = shown.filter { !placed.contains($0) }
            for (mid, participant) in zip(mids, placed) {
                let chosen = participant ?? (waiting.isEmpty ? nil : waiting.removeFirst())
                let wish = Wish(participant: chosen, source: type.rawValue)
                guard wishes[mid.rawValue] ?? Wish(participant: nil, source: type.rawValue) != wish else { continue }
                wishes[mid.rawValue] = wish
                news.append(slotRequest(mid, wish))
                contents[mid] = SlotReceiver.Content(
                    participant: wish.participant, source: wish.participant == nil ? nil : wish.source)
            }
        }
        guard !news.isEmpty else { return }
        await media.setContents(contents)
        try? await request("media.receive", ["slots": .array(news)])
    }

    private func slotRequest(_ mid: Mid, _ wish: Wish) -> JSONValue {
        guard let participant = wish.participant else {
            return .object(["mid": .string(mid.rawValue), "participantId": .null])
        }
        return .object([
            "mid": .string(mid.rawValue), "participantId": .string(participant), "source": .string(wish.source),
            "width": .int(options.incomingMedia.videoWidth), "height": .int(options.incomingMedia.videoHeight),
        ])
    }
}

extension Array where Element: Hashable {
    fileprivate var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
