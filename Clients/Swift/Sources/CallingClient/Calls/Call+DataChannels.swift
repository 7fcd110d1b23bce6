internal import ClientTransport
internal import DataChannels

extension Call {
    /// The data channels of the call, opened with the first use.
    ///
    /// Who does not ask for them gets no messages either.
    public func dataChannels() async throws -> DataChannelFeature {
        if let dataChannelFeature { return dataChannelFeature }
        guard state != .disconnected else { throw CallingError(.callEnded, "The call is over.", target: id) }
        let feature = DataChannelFeature(
            transmit: { [weak self] envelope, kind in await self?.transmit(envelope, kind) ?? false },
            name: { [weak self] channel, participants in try await self?.name(participants, on: channel) })
        dataChannelFeature = feature
        await media.loop.enableData(media.session, wantsReceipts: true)
        var members = await media.offer()
        members["callId"] = .string(id)
        let reply = try await signalling.request("media.offer", members, as: Wire.MediaReply.self)
        try await media.accept(reply.media)
        return feature
    }

    private func transmit(_ envelope: DataEnvelope, _ kind: DataChannelKind) async -> Bool {
        await media.loop.sendData(media.session, envelope, kind)
    }

    private func name(_ participants: [String]?, on channel: UInt16) async throws {
        try await request(
            "data.recipients",
            [
                "channelId": .int(Int(channel)),
                "participantIds": participants.map { .array($0.map { .string($0) }) } ?? .null,
            ])
    }

    func handleData(_ event: ClientSession.Event) async {
        switch event {
        case .dataOpened: await dataChannelFeature?.setOpen(true)
        case .dataClosed: await dataChannelFeature?.setOpen(false)
        case .data(let kind, let envelope): await dataChannelFeature?.receive(kind, envelope)
        default: break
        }
    }
}
