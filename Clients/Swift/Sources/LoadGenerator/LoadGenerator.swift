internal import ClientTransport
internal import Congestion
internal import DTLS
internal import ICE
internal import MediaIO
internal import ProtocolCore
internal import SDP

/// Plays many clients at once: opens sessions, publishes synthetic media, receives and checks it, and says how it went.
///
/// One thread serves all publishers and one or a few serve all subscribers; each session has a socket of its own. Sender
/// and receiver read the same clock, so latency is measured one way.
public struct LoadGenerator: Sendable {
    /// What came within this time after the last picture was sent still counts.
    private static let tail: Duration = .milliseconds(300)
    /// How long is waited for all pictures.
    private static let longestWait: Duration = .seconds(30)
    private static let notice: Duration = .milliseconds(50)
    /// Until the server's memory and CPU are looked at after the last connection.
    private static let settling: Duration = .milliseconds(500)

    private let plan: LoadPlan
    private let signalling: any LoadSignalling
    private let serverProcess: Int32?

    /// - Parameter serverProcess: The server's process id, for its CPU time and memory; nil when it runs elsewhere.
    public init(_ plan: LoadPlan, signalling: any LoadSignalling, serverProcess: Int32? = nil) {
        self.plan = plan
        self.signalling = signalling
        self.serverProcess = serverProcess
    }

    /// Carries the plan out and leaves the call. Throws ``LoadError``, or what the signalling throws while it prepares.
    /// - Parameter progress: Gets a sentence at each step.
    public func run(progress: @escaping @Sendable (String) -> Void = { _ in }) async throws -> LoadReport {
        if let problem = plan.problem { throw LoadError(problem) }
        let before = try usage()
        progress("preparing \(plan.publishers + plan.subscribers) sessions")
        try await signalling.prepare(publishers: plan.publishers, subscribers: plan.subscribers)
        let party: LoadParty
        do throws(SystemError) {
            party = try LoadParty(plan)
        } catch {
            throw LoadError("No thread could be started: \(error)")
        }
        do {
            let report = try await run(party, before: before, progress)
            progress("leaving")
            await party.leave(signalling)
            return report
        } catch {
            await party.leave(signalling)
            throw error
        }
    }

    private func run(
        _ party: LoadParty, before: ProcessUsage?, _ progress: @Sendable (String) -> Void
    ) async throws -> LoadReport {
        let prepared = try usage()
        progress("joining, \(plan.joinRate) per second")
        let joins = try await party.join(signalling)
        try await Task.sleep(for: Self.settling)
        let joined = try usage()
        progress("\(joins.connected) sessions are connected; media flows")
        let publishing = Task { await party.publish() }
        defer { publishing.cancel() }
        let picturesAfter = await party.waitForPictures(atMost: Self.longestWait)
        if picturesAfter == nil { progress("after \(Self.longestWait) not all subscribers see all pictures") }
        try await Task.sleep(for: plan.warmUp)

        progress("measuring")
        // A little ahead, so that all threads know it in time.
        let began = SourceMark.dividing(MonotonicClock.now() + Self.notice)
        let sendingBefore = await party.startCounting(at: began)
        try await Task.sleep(for: began - MonotonicClock.now())
        let begin = try usage()
        let ownBegin = ProcessUsage.own()
        try await Task.sleep(for: plan.duration)
        publishing.cancel()
        let elapsed = MonotonicClock.now() - began
        let ownEnd = ProcessUsage.own()
        try await Task.sleep(for: Self.tail)
        let end = try usage()

        var measurement = LoadMeasurement(plan: plan, elapsed: elapsed)
        joins.fill(&measurement)
        measurement.picturesAfter = picturesAfter
        await party.fill(&measurement, since: sendingBefore)
        if let before, let prepared, let joined, let begin, let end {
            // Users are made before the joins: their memory counts, their CPU time does not.
            let start = ProcessUsage(
                cpu: prepared.cpu, residentBytes: before.residentBytes, ownBytes: before.ownBytes)
            measurement.server = LoadMeasurement.ServerSamples(before: start, joined: joined, begin: begin, end: end)
        }
        if let ownBegin, let ownEnd { measurement.generatorCPU = ownEnd.cpu - ownBegin.cpu }
        return measurement.report
    }

    private func usage() throws -> ProcessUsage? {
        guard let serverProcess else { return nil }
        guard let usage = ProcessUsage.of(process: serverProcess) else {
            throw LoadError("There is no process \(serverProcess), which should be the server.")
        }
        return usage
    }
}
