internal import PayloadFormats
internal import ProtocolCore

/// The raw figures of a run, and the arithmetic that makes a report of them.
struct LoadMeasurement {
    /// What senders counted, as differences over the time of measurement.
    struct Sending: Hashable, Sendable {
        var packets = 0
        var bytes = 0
        var retransmittedPackets = 0
        var droppedFrames = 0
    }

    /// The server's process at the moments that matter.
    struct ServerSamples: Hashable, Sendable {
        var before: ProcessUsage
        var joined: ProcessUsage
        var begin: ProcessUsage
        var end: ProcessUsage
    }

    var plan: LoadPlan
    /// The time of measurement.
    var elapsed: Duration
    var connected = 0
    var failed = 0
    var firstFailure: String?
    /// From the first offer to the last connection.
    var joinTime: Duration = .zero
    var setUp = LatencyHistogram()
    /// Until every subscriber had all its pictures; nil when that never was.
    var picturesAfter: Duration?
    var sending = Sending()
    var pictures = 0
    var sounds = 0
    var lateness = LatencyHistogram()
    /// Subscribers that were connected.
    var watchers = 0
    var tally = MediaTally()
    var refusedPackets = 0
    var endedSessions = 0
    var server: ServerSamples?
    var generatorCPU: Duration = .zero

    var report: LoadReport {
        LoadReport(
            scenario: scenario,
            joins: LoadReport.Joins(
                connected: connected, failed: failed, firstFailure: firstFailure,
                perSecond: Self.ratio(Double(connected), Self.seconds(joinTime)) ?? 0,
                setUpMilliseconds: LoadReport.Quantiles(setUp),
                allPicturesAfterSeconds: picturesAfter.map { Self.seconds($0) }),
            sent: LoadReport.Sent(
                packets: sending.packets, bytes: sending.bytes, videoFrames: pictures, audioPackets: sounds,
                retransmittedPackets: sending.retransmittedPackets, droppedFrames: sending.droppedFrames),
            received: received,
            latencyMilliseconds: LoadReport.Latency(
                videoFirstPacket: LoadReport.Quantiles(tally.firstPacketLatency),
                videoFrame: LoadReport.Quantiles(tally.frameLatency), audio: LoadReport.Quantiles(tally.audioLatency)),
            server: server.map { usage($0) },
            generator: LoadReport.Generator(
                cpuSeconds: Self.seconds(generatorCPU), latenessMilliseconds: LoadReport.Quantiles(lateness)))
    }

    private var scenario: LoadReport.Scenario {
        LoadReport.Scenario(
            publishers: plan.publishers, subscribers: plan.subscribers, speakers: plan.speakers, visible: plan.visible,
            audio: plan.hasAudio, video: (plan.video?.layers ?? []).map { "\($0.size.width)x\($0.size.height)" },
            videoBitrate: plan.video?.bitRate ?? 0, framesPerSecond: plan.video?.frameRate ?? 0,
            warmUpSeconds: Self.seconds(plan.warmUp), seconds: Self.seconds(elapsed))
    }

    private var received: LoadReport.Received {
        LoadReport.Received(
            forwardedPackets: tally.packets,
            forwardedPacketsPerSecond: Self.ratio(Double(tally.packets), Self.seconds(elapsed)) ?? 0,
            videoPackets: tally.videoPackets, audioPackets: tally.audioPackets, bytes: tally.bytes,
            recoveredPackets: tally.recoveredPackets, lostPackets: tally.lostPackets,
            loss: Self.ratio(Double(tally.lostPackets), Double(tally.lostPackets + tally.packets)) ?? 0,
            videoFrames: tally.videoFrames, expectedVideoFrames: expectedPictures, missingFrames: tally.missingFrames,
            corruptedFrames: tally.corruptedFrames, refusedPackets: refusedPackets, endedSessions: endedSessions)
    }

    /// Every watcher has so many of the publishers' pictures before it.
    private var expectedPictures: Int {
        guard plan.publishers > 0 else { return 0 }
        return pictures * min(plan.visible, plan.publishers) * watchers / plan.publishers
    }

    private func usage(_ samples: ServerSamples) -> LoadReport.Server {
        let cpu = Self.seconds(samples.end.cpu - samples.begin.cpu)
        let growth = Double(samples.end.ownBytes - samples.before.ownBytes)
        return LoadReport.Server(
            cpuSeconds: cpu, cpuShare: Self.ratio(cpu, Self.seconds(elapsed)) ?? 0,
            cpuNanosecondsPerForwardedPacket: Self.ratio(cpu * 1e9, Double(tally.packets)),
            cpuMillisecondsPerJoin: Self.ratio(
                Self.seconds(samples.joined.cpu - samples.before.cpu) * 1000, Double(connected)),
            residentBytesBefore: samples.before.residentBytes, residentBytesJoined: samples.joined.residentBytes,
            residentBytesAtEnd: samples.end.residentBytes, bytesPerParticipant: Self.ratio(growth, Double(connected)))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.nanoseconds) / 1e9
    }

    /// Nil where there is nothing to divide by.
    private static func ratio(_ numerator: Double, _ denominator: Double) -> Double? {
        denominator > 0 ? numerator / denominator : nil
    }
}
