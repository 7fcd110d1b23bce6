internal import ICE
internal import MediaIO
internal import ProtocolCore
public import TLS
internal import TURN

/// TCP and relays: what a session needs where UDP does not get through.
extension TransportLoop {
    /// Names the TURN servers that the session may use from the next offer on, whether the first or one of a restart.
    /// - Parameter tls: Whom to trust over TLS; without it servers that are reached so are left out.
    public func setRelayServers(_ id: SessionID, _ servers: [RelayServer], tls: TLSClientContext? = nil) {
        guard let one = hosted[id.number] else { return }
        one.detours.servers = servers
        one.detours.tls = tls
    }

    /// Begins to look for ways for an offer that has new credentials; settle the session afterwards.
    func gather(_ number: Int, _ one: Hosted) {
        let detours = one.detours
        let old = detours.generation
        detours.generation += 1
        detours.settledPath = nil
        if detours.policy.usesTCP {
            one.session.retireLocal(over: .tcp(old))
            for (position, local) in one.families.enumerated() {
                one.session.addLocal(
                    local, over: .tcp(detours.generation),
                    localPreference: .max - UInt16(truncatingIfNeeded: position), now: MonotonicClock.now(),
                    into: &datagrams)
            }
        }
        guard detours.policy.usesRelays else { return }
        for (number, relay) in detours.relays {
            if one.session.path?.link == relay.link {
                one.session.retireLocal(over: relay.link)
            } else {
                close(relay, number, one)
            }
        }
        let generation = detours.generation
        for server in detours.servers.prefix(Detours.maximum / 4)
        where server.uri.transport != .tls || detours.tls != nil {
            Task { [weak self] in
                let addresses = await SocketEndpoint.resolve(server.uri.host, port: server.uri.port)
                await self?.openRelay(SessionID(number: number), server, addresses, generation)
            }
        }
    }

    private func openRelay(
        _ id: SessionID, _ server: RelayServer, _ addresses: [SocketEndpoint], _ generation: UInt16
    ) {
        guard let one = hosted[id.number], one.detours.generation == generation, one.session.selectedPath == nil,
            one.detours.relays.count < Detours.maximum
        else { return }
        let number = one.detours.makeRelayNumber()
        let relay: RelayConnection
        do throws(RelayFailure) {
            relay = try RelayConnection(
                .relay(number), server, addresses: addresses, tls: one.detours.tls,
                unixTime: Int64(MonotonicClock.unixSeconds()), seed: ClientSession.randomSeed(),
                now: MonotonicClock.now())
        } catch {
            one.detours.lastFailure = "\(server.uri): \(error)"
            if addresses.count > 1 { openRelay(id, server, Array(addresses.dropFirst()), generation) }
            return
        }
        one.detours.relays[number] = relay
        executor.whenReadable(relay.descriptor) { [unowned self] in
            assumeIsolated { $0.relayReadable(id.number, number) }
        }
        drive(relay, number, one, now: MonotonicClock.now())
    }

    // MARK: Out

    /// Sends a datagram that does not go by the UDP socket.
    func sendByDetour(_ bytes: UnsafeRawBufferPointer, _ path: ICEAgent.Path, _ number: Int, _ one: Hosted) {
        let isMedia = bytes.first.map { $0 >= 128 } ?? false
        switch path.link {
        case .udp:
            break
        case .tcp:
            connection(path, bytes, number, one)?.send(bytes, isMedia: isMedia)
        case .relay:
            let now = MonotonicClock.now()
            guard let relay = one.detours.relay(path.link) else { return }
            relay.send(bytes, to: path.remote, isMedia: isMedia, now: now)
            // It may ask for a permission; events come of answers alone.
            _ = transmit(relay)
        }
    }

    /// The TCP connection of a path. A check opens it, and nothing else, because a server wants a check to come first.
    private func connection(
        _ path: ICEAgent.Path, _ bytes: UnsafeRawBufferPointer, _ number: Int, _ one: Hosted
    ) -> MediaConnection? {
        if let open = one.detours.connections[path] { return open }
        guard let first = bytes.first, first < 4, one.detours.connections.count < Detours.maximum,
            let connection = try? MediaConnection(path)
        else { return nil }
        one.detours.connections[path] = connection
        executor.whenReadable(connection.stream.descriptor) { [unowned self] in
            assumeIsolated { $0.connectionReadable(number, path) }
        }
        return connection
    }

    /// Sends what the TURN client says to its server by itself.
    private func transmit(_ relay: RelayConnection) -> [TURNClientSession.Event] {
        var events: [TURNClientSession.Event] = []
        while let output = relay.client.poll() {
            switch output {
            case .transmit(let message): message.withUnsafeBytes { relay.transmit($0, isMedia: false) }
            case .event(let event): events.append(event)
            }
        }
        return events
    }

    // MARK: In

    private func connectionReadable(_ number: Int, _ path: ICEAgent.Path) {
        guard let one = hosted[number], let connection = one.detours.connections[path] else { return }
        let now = MonotonicClock.now()
        connection.receive { packet in
            one.session.receive(
                packet, from: path.remote, to: path.local, over: path.link, now: now, into: &datagrams
            ) { packet, payload in
                one.sink.receive(packet, payload: payload)
            }
        }
        if connection.stream.failure != nil { lose(connection, one, now: now) }
        settle(number, one)
    }

    private func relayReadable(_ number: Int, _ relayNumber: UInt16) {
        guard let one = hosted[number], let relay = one.detours.relays[relayNumber] else { return }
        let now = MonotonicClock.now()
        relay.receive(&batch, now: now) { packet, peer in
            guard let local = relay.client.relayed else { return }
            one.session.receive(packet, from: peer, to: local, over: relay.link, now: now, into: &datagrams) {
                packet, payload in
                one.sink.receive(packet, payload: payload)
            }
        }
        drive(relay, relayNumber, one, now: now)
        settle(number, one)
    }

    // MARK: Time

    /// What detours need every few milliseconds.
    func lookAfterDetours(_ number: Int, _ one: Hosted, now: Instant) {
        for connection in one.detours.connections.values {
            connection.stream.flush()
            if connection.stream.failure != nil { lose(connection, one, now: now) }
        }
        for (relayNumber, relay) in one.detours.relays { drive(relay, relayNumber, one, now: now) }
        if let path = one.session.selectedPath, path != one.detours.settledPath { settle(on: path, one, now: now) }
    }

    private func drive(_ relay: RelayConnection, _ number: UInt16, _ one: Hosted, now: Instant) {
        relay.flush()
        if let due = relay.client.deadline, due <= now { relay.client.advance(now: now) }
        var failure = relay.failure
        for event in transmit(relay) {
            switch event {
            case .allocated(let relayed, _):
                one.session.addLocal(
                    relayed, over: relay.link, localPreference: Self.preference(of: relay, number), now: now,
                    into: &datagrams)
            case .peerRefused(let peer, _):
                guard let local = relay.client.relayed else { continue }
                one.session.removePath(
                    ICEAgent.Path(local: local, remote: peer, link: relay.link), now: now, into: &datagrams)
            case .failed(let error):
                failure = failure ?? "\(error)"
            }
        }
        let isSlow =
            !relay.client.isAllocated && !relay.alternatives.isEmpty && now - relay.openedAt > RelayConnection.patience
        if isSlow, failure == nil { failure = "no answer from \(relay.remote)" }
        guard let failure else { return }
        one.detours.lastFailure = "\(relay.server.uri): \(failure)"
        let hasWorked = relay.client.relayed != nil
        close(relay, number, one)
        if let local = relay.client.relayed {
            one.session.removeLocal(local, over: relay.link, now: now, into: &datagrams)
        }
        if !hasWorked, !relay.alternatives.isEmpty, let session = hosted.first(where: { $0.value === one })?.key {
            openRelay(SessionID(number: session), relay.server, relay.alternatives, one.detours.generation)
        }
    }

    /// UDP before TCP before TLS, and the server that was named first.
    private static func preference(of relay: RelayConnection, _ number: UInt16) -> UInt16 {
        let base: UInt16
        switch relay.server.uri.transport {
        case .udp: base = 60_000
        case .tcp: base = 40_000
        case .tls: base = 20_000
        }
        return base - number % 10_000
    }

    /// A path was chosen: the other ways are not needed any more.
    private func settle(on path: ICEAgent.Path, _ one: Hosted, now: Instant) {
        one.detours.settledPath = path
        for connection in one.detours.connections.values where connection.path != path { close(connection, one) }
        for (number, relay) in one.detours.relays {
            if relay.link == path.link {
                relay.client.bind(path.remote, now: now)
                _ = transmit(relay)
            } else {
                close(relay, number, one)
            }
        }
    }

    // MARK: Ends

    private func lose(_ connection: MediaConnection, _ one: Hosted, now: Instant) {
        close(connection, one)
        one.session.connectionLost(connection.path, now: now, into: &datagrams)
    }

    private func close(_ connection: MediaConnection, _ one: Hosted) {
        executor.forget(connection.stream.descriptor)
        one.detours.connections[connection.path] = nil
    }

    private func close(_ relay: RelayConnection, _ number: UInt16, _ one: Hosted) {
        relay.client.close(now: MonotonicClock.now())
        while let output = relay.client.poll() {
            if case .transmit(let message) = output {
                message.withUnsafeBytes { relay.transmit($0, isMedia: false) }
            }
        }
        executor.forget(relay.descriptor)
        one.session.retireLocal(over: relay.link)
        one.detours.relays[number] = nil
    }

    func closeDetours(_ one: Hosted) {
        for connection in one.detours.connections.values { close(connection, one) }
        for (number, relay) in one.detours.relays { close(relay, number, one) }
    }
}
