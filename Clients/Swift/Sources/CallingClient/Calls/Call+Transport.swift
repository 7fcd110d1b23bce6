internal import ClientTransport
internal import ProtocolCore
internal import SDP

/// What becomes of the media transport: it is connected, repaired, or replaced by another one.
extension Call {
    func handle(_ event: ClientSession.Event) async {
        switch event {
        case .connected, .resumed:
            restarts = 0
            broadcast.send(.mediaConnected)
        case .interrupted:
            broadcast.send(.mediaInterrupted)
            await restartMedia()
        case .pathLost:
            broadcast.send(.mediaInterrupted)
            await restartMedia()
        case .ended:
            await replaceMedia()
        case .keyframeWanted(let mid, let rid):
            guard let type = media.type(of: mid) else { return }
            videoStreams[type]?.notify(.keyframeRequested(layer: rid?.rawValue))
        case .dataOpened, .data, .dataClosed:
            await handleData(event)
        }
    }

    /// A server that ends a call closes its transport and says so here a moment later; the rest are failures.
    private static let endingPatience: Duration = .seconds(1)

    /// Begins anew with another transport.
    private func replaceMedia() async {
        try? await Task.sleep(for: Self.endingPatience)
        guard state != .disconnected, !isRestarting else { return }
        isRestarting = true
        defer { isRestarting = false }
        broadcast.send(.mediaInterrupted)
        guard let new = try? await reopenMedia() else { return }
        await dataChannelFeature?.setOpen(false)
        if dataChannelFeature != nil { await new.loop.enableData(new.session, wantsReceipts: true) }
        var members = await new.offer()
        members["callId"] = .string(id)
        guard let reply = try? await signalling.request("media.offer", members, as: Wire.MediaReply.self),
            (try? await new.accept(reply.media)) != nil, state != .disconnected
        else {
            await new.close()
            return
        }
        await media.close()
        media = new
        for stream in videoStreams.values { new.connect(stream) }
        if let audioStream { new.connect(audioStream) }
        if !videoStreams.isEmpty { await new.loop.setWantedBitrate(new.session, Self.wantedBitrate) }
        wishes = [:]
        await requestPictures()
    }

    /// Looks for another path; media goes on over the old one as long as it works.
    func restartMedia() async {
        guard state != .disconnected, !isRestarting else { return }
        isRestarting = true
        defer { isRestarting = false }
        restarts += 1
        if restarts > 1 { try? await Task.sleep(for: .seconds(min(restarts, 5))) }
        guard state != .disconnected else { return }
        var members = await media.offer(restartsICE: true)
        members["callId"] = .string(id)
        // Without a connection the session is taken up first, and then this comes again.
        guard let reply = try? await signalling.request("media.offer", members, as: Wire.MediaReply.self) else {
            return
        }
        try? await media.accept(reply.media)
    }
}
