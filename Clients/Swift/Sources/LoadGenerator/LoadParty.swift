internal import ClientTransport
internal import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
internal import ProtocolCore
internal import SDP

/// All sessions of a load run, and the threads that they live on.
actor LoadParty {
    private static let longestSetUp: Duration = .seconds(15)
    private static let pollInterval: Duration = .milliseconds(20)
    /// Sessions closed at once.
    private static let closingWidth = 16

    struct Member: Sendable {
        let role: LoadRole
        let number: Int
        let loop: TransportLoop
        let id: TransportLoop.SessionID
        let startedAt: Instant
    }

    private let plan: LoadPlan
    private let publisherLoop: TransportLoop
    private let subscriberLoops: [TransportLoop]
    private let driver: PublisherDriver
    private var members: [Member] = []

    init(_ plan: LoadPlan) throws(SystemError) {
        self.plan = plan
        publisherLoop = try TransportLoop(name: "publishers")
        var loops: [TransportLoop] = []
        for number in 0..<plan.threads { loops.append(try TransportLoop(name: "subscribers-\(number)")) }
        subscriberLoops = loops
        driver = PublisherDriver(publisherLoop, plan)
    }

    // MARK: Joining

    /// Opens all sessions at the plan's rate, the subscribers first, and waits until they are connected.
    func join(_ signalling: any LoadSignalling) async throws -> LoadJoins {
        let identity: DTLSIdentity
        do throws(DTLSError) {
            // One certificate for all: making it is no work of the server's.
            identity = try DTLSIdentity.generate(unixTime: Int64(MonotonicClock.unixSeconds()))
        } catch {
            throw LoadError("No certificate could be made: \(error)")
        }
        let wanted =
            (0..<plan.subscribers).map { (LoadRole.subscriber, $0) }
            + (0..<plan.publishers).map { (LoadRole.publisher, $0) }
        var joins = LoadJoins()
        let begin = MonotonicClock.now()
        await withTaskGroup(of: Result<Member, LoadError>.self) { group in
            for (position, (role, number)) in wanted.enumerated() {
                let due = Duration.nanoseconds(Int64(Double(position) / plan.joinRate * 1e9))
                let loop = role == .publisher ? publisherLoop : subscriberLoops[number % subscriberLoops.count]
                group.addTask { [plan] in
                    try? await Task.sleep(for: due - (MonotonicClock.now() - begin))
                    do {
                        return .success(try await Self.open(role, number, loop, identity, plan, signalling))
                    } catch {
                        return .failure(LoadError("\(error)"))
                    }
                }
            }
            for await result in group {
                switch result {
                case .success(let member): members.append(member)
                case .failure(let error): joins.noteFailure(error.message)
                }
            }
        }
        await waitUntilConnected(&joins, since: begin)
        guard members.contains(where: { $0.role == .publisher }) else {
            throw LoadError(
                "No publisher was connected, and \(joins.failed) sessions were not: \(joins.firstFailure ?? "")")
        }
        return joins
    }

    private static func open(
        _ role: LoadRole, _ number: Int, _ loop: TransportLoop, _ identity: DTLSIdentity, _ plan: LoadPlan,
        _ signalling: any LoadSignalling
    ) async throws -> Member {
        var configuration = ClientSession.Configuration(
            identity: identity, ice: .random(), localEndpoints: [], seed: ClientSession.randomSeed(),
            canonicalName: "\(role.rawValue)-\(number)")
        if role == .publisher, let video = plan.video {
            // The load is to be sent from the beginning, and not when congestion control has found room for it.
            configuration.startBitrate = Bitrate(bitsPerSecond: video.bitRate * 2)
            configuration.maximumBitrate = Bitrate(bitsPerSecond: max(video.bitRate * 4, 5_000_000))
        }
        let startedAt = MonotonicClock.now()
        let id = try await loop.open(configuration, policy: plan.transport) {
            SessionSink(readClock: { MonotonicClock.now() })
        }
        do {
            guard let offer = await loop.offer(id, lines(of: role, plan)) else {
                throw LoadError("The session was closed before it began.")
            }
            let answer = try await signalling.open(role, number: number, offer: offer)
            try await loop.accept(id, answer)
        } catch {
            await loop.close(id)
            throw error
        }
        return Member(role: role, number: number, loop: loop, id: id, startedAt: startedAt)
    }

    private static func lines(of role: LoadRole, _ plan: LoadPlan) -> [ClientLine] {
        switch role {
        case .publisher:
            var lines: [ClientLine] = []
            if plan.hasAudio { lines.append(ClientLine(mid: PublisherDriver.microphone, purpose: .microphone)) }
            if let video = plan.video {
                lines.append(
                    ClientLine(
                        mid: PublisherDriver.camera, purpose: .camera,
                        rids: video.layers.compactMap { $0.rid.map { Rid($0) } }))
            }
            return lines
        case .subscriber:
            var purposes: [LinePurpose] = []
            // Without any place for a picture there is still something to receive.
            if plan.hasAudio || plan.video == nil || plan.visible == 0 {
                purposes += Array(repeating: .audioSlot, count: LoadPlan.audioSlots)
            }
            if plan.video != nil { purposes += Array(repeating: .videoSlot, count: plan.visible) }
            return purposes.enumerated().map { ClientLine(mid: Mid(String($0)), purpose: $1) }
        }
    }

    private func waitUntilConnected(_ joins: inout LoadJoins, since begin: Instant) async {
        let deadline = MonotonicClock.now() + Self.longestSetUp
        var waiting = members
        var last = begin
        members = []
        while !waiting.isEmpty, MonotonicClock.now() < deadline {
            var still: [Member] = []
            for member in waiting {
                let state = await member.loop.withSink(member.id) { sink in
                    let sink = sink as? SessionSink
                    return (connectedAt: sink?.connectedAt, endReason: sink?.endReason)
                }
                if let connectedAt = state?.connectedAt {
                    joins.noteConnection(after: connectedAt - member.startedAt)
                    last = max(last, connectedAt)
                    members.append(member)
                } else if let reason = state?.endReason {
                    joins.noteFailure(reason)
                    await member.loop.close(member.id)
                } else {
                    still.append(member)
                }
            }
            waiting = still
            if !waiting.isEmpty { try? await Task.sleep(for: Self.pollInterval) }
        }
        for member in waiting {
            joins.noteFailure("No connection came about within \(Self.longestSetUp) of the answer.")
            await member.loop.close(member.id)
        }
        joins.time = last - begin
    }

    // MARK: Media

    /// Publishes until the task is cancelled.
    func publish() async {
        let publishers = members.filter { $0.role == .publisher }.map { ($0.number, $0.id) }
        await driver.open(publishers, plan)
        await driver.run()
    }

    /// Waits until every subscriber has seen all pictures that it has places for.
    /// - Returns: How long that took; nil when it was not so in time.
    func waitForPictures(atMost longest: Duration) async -> Duration? {
        let expected = plan.video == nil ? 0 : min(plan.visible, members.count { $0.role == .publisher })
        let begin = MonotonicClock.now()
        var waiting = expected == 0 ? [] : members.filter { $0.role == .subscriber }
        while !waiting.isEmpty, !Task.isCancelled {
            var still: [Member] = []
            for member in waiting {
                let seen = await member.loop.withSink(member.id) { ($0 as? SessionSink)?.startedVideos ?? 0 }
                if (seen ?? expected) < expected { still.append(member) }
            }
            waiting = still
            if waiting.isEmpty { break }
            guard MonotonicClock.now() - begin < longest else { return nil }
            try? await Task.sleep(for: Self.pollInterval)
        }
        return MonotonicClock.now() - begin
    }

    /// Counts what comes from now on, and what is made and taken from `begin` on; gives what the publishers have sent so
    /// far.
    func startCounting(at begin: Instant) async -> LoadMeasurement.Sending {
        await driver.startCounting(at: begin)
        for member in members where member.role == .subscriber {
            _ = await member.loop.withSink(member.id) { ($0 as? SessionSink)?.startCounting(at: begin) }
        }
        return await sending()
    }

    /// Writes down what was sent and received since then.
    func fill(_ measurement: inout LoadMeasurement, since before: LoadMeasurement.Sending) async {
        let after = await sending()
        measurement.sending = LoadMeasurement.Sending(
            packets: after.packets - before.packets, bytes: after.bytes - before.bytes,
            retransmittedPackets: after.retransmittedPackets - before.retransmittedPackets,
            droppedFrames: after.droppedFrames - before.droppedFrames)
        let counts = await driver.counts()
        measurement.pictures = counts.pictures
        measurement.sounds = counts.sounds
        measurement.lateness = counts.lateness
        for member in members {
            let found = await member.loop.withSink(member.id) { sink in
                let sink = sink as? SessionSink
                return (tally: sink?.result ?? MediaTally(), hasEnded: sink?.endReason != nil)
            }
            if found?.hasEnded != false { measurement.endedSessions += 1 }
            guard member.role == .subscriber else { continue }
            measurement.watchers += 1
            if let tally = found?.tally { measurement.tally.add(tally) }
            measurement.refusedPackets += await member.loop.snapshot(member.id)?.counters.refusedPackets ?? 0
        }
    }

    private func sending() async -> LoadMeasurement.Sending {
        var sum = LoadMeasurement.Sending()
        for member in members where member.role == .publisher {
            guard let counters = await publisherLoop.snapshot(member.id)?.counters else { continue }
            sum.packets += counters.sentPackets
            sum.bytes += counters.sentBytes
            sum.retransmittedPackets += counters.retransmittedPackets
            sum.droppedFrames += counters.droppedFrames
        }
        return sum
    }

    // MARK: Leaving

    /// Leaves the call with all sessions and ends the threads.
    func leave(_ signalling: any LoadSignalling) async {
        await withTaskGroup(of: Void.self) { group in
            for (position, member) in members.enumerated() {
                if position >= Self.closingWidth { await group.next() }
                group.addTask { await signalling.close(member.role, number: member.number) }
            }
        }
        members = []
        await publisherLoop.stop()
        for loop in subscriberLoops { await loop.stop() }
    }
}
