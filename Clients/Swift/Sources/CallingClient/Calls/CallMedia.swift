internal import ClientTransport
internal import Congestion
internal import DTLS
internal import ProtocolCore
internal import RTP
internal import SDP
internal import TURN

/// The media of one call: its session on the transport loop, and which line is for what.
struct CallMedia: Sendable {
    let loop: TransportLoop
    let session: TransportLoop.SessionID
    let lines: [ClientLine]
    /// The TURN servers that may be used.
    let relays: RelayServers
    let ownRelays: [RelayServer]

    /// Opens a session. Throws `SystemError` for want of sockets.
    static func open(
        on loop: TransportLoop, identity: DTLSIdentity, options: CallOptions, relays: RelayServers,
        report: @escaping @Sendable (ClientSession.Event) -> Void
    ) async throws -> CallMedia {
        let configuration = ClientSession.Configuration(
            identity: identity, ice: .random(), localEndpoints: [], seed: ClientSession.randomSeed(),
            canonicalName: "client")
        let incoming = options.incomingMedia
        let session = try await loop.open(configuration, policy: options.transport) {
            SlotReceiver(incoming, report: report)
        }
        return CallMedia(
            loop: loop, session: session,
            lines: ClientLine.usual(
                videoSlots: min(max(incoming.videoSlots, 0), 25), screenSlots: incoming.videoSlots > 0 ? 1 : 0,
                cameraLayers: options.cameraLayers.map { Rid($0) }), relays: relays,
            ownRelays: options.turnServers.compactMap { RelayServer($0) })
    }

    /// The member `media` of a request.
    func offer(restartsICE: Bool = false) async -> [String: JSONValue] {
        let servers = ownRelays + (await relays.current())
        let needsTLS = servers.contains { $0.uri.transport == .tls }
        await loop.setRelayServers(session, servers, tls: needsTLS ? await relays.tls() : nil)
        let sdp = await loop.offer(session, lines, restartsICE: restartsICE) ?? ""
        return [
            "sdp": .string(sdp),
            "lines": .array(
                lines.map { .object(["mid": .string($0.mid.rawValue), "purpose": .string($0.purpose.rawValue)]) }),
        ]
    }

    func accept(_ media: Wire.Media) async throws {
        do {
            try await loop.accept(session, media.sdp)
        } catch {
            throw CallingError(.mediaNegotiationFailed, "\(error)")
        }
    }

    func close() async {
        await loop.close(session)
    }

    func mid(_ purpose: LinePurpose) -> Mid? {
        lines.first { $0.purpose == purpose }?.mid
    }

    func mids(_ purpose: LinePurpose) -> [Mid] {
        lines.filter { $0.purpose == purpose }.map(\.mid)
    }

    /// Which of our streams a line carries.
    func type(of mid: Mid) -> MediaStreamType? {
        switch lines.first(where: { $0.mid == mid })?.purpose {
        case .camera: .camera
        case .screen: .screen
        default: nil
        }
    }

    func connect(_ stream: RawOutgoingVideoStream) {
        guard let mid = mid(stream.type == .camera ? .camera : .screen) else { return }
        stream.connect { [loop, session] accessUnit, isKeyframe, layer, mediaTime in
            await loop.sendAccessUnit(
                session, accessUnit, isKeyframe: isKeyframe, on: mid, rid: layer.map { Rid($0) }, mediaTime: mediaTime)
        }
    }

    func connect(_ stream: RawOutgoingAudioStream) {
        guard let mid = mid(.microphone) else { return }
        stream.connect { [loop, session] packet, level, mediaTime in
            await loop.sendAudio(
                session, packet, on: mid, mediaTime: mediaTime,
                level: AudioLevel(voiceActivity: level < Self.voiceThreshold, level: level))
        }
    }

    /// Sound below -50 dBov is taken for noise.
    private static let voiceThreshold: UInt8 = 50

    /// Notes who is in slots, or will be: the server's word comes apart from the media, and often later.
    func setContents(_ contents: [Mid: SlotReceiver.Content]) async {
        await loop.withSink(session) { sink in
            for (mid, content) in contents { (sink as? SlotReceiver)?.setContent(content, of: mid) }
        }
    }
}
