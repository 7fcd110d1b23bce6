import ArgumentParser
import Foundation
import MediaIO
import NetworkEmulation
import NetworkRelay
import ProtocolCore

/// `switchboard netem`
struct NetemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netem",
        abstract: "Put a bad network between UDP clients and a server.",
        usage: "switchboard netem --listen ADDRESS:PORT --to ADDRESS:PORT [--rate 800k] [--loss 2%] [...]",
        discussion: """
            What clients send to one address is passed to the other, and back, over a link each way with the given \
            conditions. An option holds for both ways; its --up- variant holds from the clients to the server, its \
            --down- variant from the server to the clients.

            Conditions are changed while it runs by lines on standard input: [up|down|both] NAME=VALUE ..., for \
            example 'down rate=800k loss=1%'. A script file has such lines with a time in front: '10s down rate=800k'.

            Standard output has one JSON object a line: first where it listens, then each second what has happened.
            """)

    @Option(help: "The address and port to take packets at; port 0 takes a free one.")
    var listen: EndpointArgument

    @Option(help: "The address and port of the server.")
    var to: EndpointArgument

    @OptionGroup(title: "Conditions of both ways")
    var both: BothWaysOptions

    @OptionGroup(title: "Conditions from the clients to the server")
    var up: UpOptions

    @OptionGroup(title: "Conditions from the server to the clients")
    var down: DownOptions

    @Option(help: "Decides which packets are lost or reordered.")
    var seed: UInt64 = 1

    @Option(help: "A file of timed changes.")
    var script: String?

    func validate() throws {
        for (prefix, options) in [("", both as any LinkOptions), ("up-", up), ("down-", down)]
        where options.loss != nil && options.burstLoss != nil {
            throw ValidationError("--\(prefix)loss and --\(prefix)burst-loss exclude each other.")
        }
        guard to.endpoint.port != 0 else { throw ValidationError("--to needs a port.") }
        if listen.endpoint == to.endpoint { throw ValidationError("--listen and --to are the same.") }
    }

    func run() async throws {
        do {
            try await relay()
        } catch let error as any CustomStringConvertible & Error {
            complain("\(error)")
            throw ExitCode(1)
        }
    }

    private func relay() async throws {
        let changes = try readScript()
        let relay = try NetworkRelay(
            listeningAt: listen.endpoint,
            .init(
                server: to.endpoint, up: conditions(up), down: conditions(down), seed: seed, script: changes))
        await relay.start()
        try printLine(Listening(listening: relay.local.description, to: to.endpoint.description))
        await withThrowingTaskGroup { group in
            group.addTask {
                for await line in standardInputLines() where line.contains(where: { !$0.isWhitespace }) {
                    do {
                        await relay.apply(try LinkChange(parsing: line))
                    } catch {
                        complain("\(error)")
                    }
                }
            }
            group.addTask {
                var earlier = await relay.report()
                let start = ContinuousClock.now
                while true {
                    try await Task.sleep(for: .seconds(1))
                    let report = await relay.report()
                    let time = (ContinuousClock.now - start) / .seconds(1)
                    try printLine(PrintedReport(report, since: earlier, time: time))
                    earlier = report
                }
            }
        }
    }

    /// Where nothing else is said a slow link keeps a fifth of a second, as home routers do, not everything.
    private func conditions(_ own: any LinkOptions) -> LinkConditions {
        (both.settings + own.settings).reduce(into: LinkConditions(queueLimit: .time(.milliseconds(200)))) {
            $1.apply(to: &$0)
        }
    }

    private func readScript() throws -> [TimedLinkChange] {
        guard let script else { return [] }
        guard let text = try? String(contentsOfFile: script, encoding: .utf8) else {
            throw RelayTextError("\(script): no such file, or no text")
        }
        do {
            return try TimedLinkChange.script(text)
        } catch {
            throw RelayTextError("\(script), \(error)")
        }
    }
}

/// An address and a port: `127.0.0.1:29200` or `[::1]:29200`.
struct EndpointArgument: ExpressibleByArgument {
    let endpoint: SocketEndpoint

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        var address = argument[..<colon]
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        guard let endpoint = SocketEndpoint(address: String(address), port: port) else { return nil }
        self.endpoint = endpoint
    }
}

/// The conditions of one way, or of both.
protocol LinkOptions {
    var rate: LinkSetting? { get }
    var delay: LinkSetting? { get }
    var jitter: LinkSetting? { get }
    var loss: LinkSetting? { get }
    var burstLoss: LinkSetting? { get }
    var reorder: LinkSetting? { get }
    var queue: LinkSetting? { get }
}

extension LinkOptions {
    var settings: [LinkSetting] {
        [rate, delay, jitter, loss, burstLoss, reorder, queue].compactMap(\.self)
    }
}

struct BothWaysOptions: ParsableArguments, LinkOptions {
    @Option(help: help("Rate", .rate), transform: reader(of: .rate)) var rate: LinkSetting?
    @Option(help: help("Delay", .delay), transform: reader(of: .delay)) var delay: LinkSetting?
    @Option(help: help("Up to this much more delay", .jitter), transform: reader(of: .jitter)) var jitter: LinkSetting?
    @Option(help: help("Loss", .loss), transform: reader(of: .loss)) var loss: LinkSetting?
    @Option(help: help("Loss in bursts", .burstLoss), transform: reader(of: .burstLoss)) var burstLoss: LinkSetting?
    @Option(help: help("Reordering", .reorder), transform: reader(of: .reorder)) var reorder: LinkSetting?
    @Option(help: help("Queue in front of the rate limit; 200ms if not given", .queue), transform: reader(of: .queue))
    var queue: LinkSetting?
}

struct UpOptions: ParsableArguments, LinkOptions {
    @Option(name: .customLong("up-rate"), transform: reader(of: .rate)) var rate: LinkSetting?
    @Option(name: .customLong("up-delay"), transform: reader(of: .delay)) var delay: LinkSetting?
    @Option(name: .customLong("up-jitter"), transform: reader(of: .jitter)) var jitter: LinkSetting?
    @Option(name: .customLong("up-loss"), transform: reader(of: .loss)) var loss: LinkSetting?
    @Option(name: .customLong("up-burst-loss"), transform: reader(of: .burstLoss)) var burstLoss: LinkSetting?
    @Option(name: .customLong("up-reorder"), transform: reader(of: .reorder)) var reorder: LinkSetting?
    @Option(name: .customLong("up-queue"), transform: reader(of: .queue)) var queue: LinkSetting?
}

struct DownOptions: ParsableArguments, LinkOptions {
    @Option(name: .customLong("down-rate"), transform: reader(of: .rate)) var rate: LinkSetting?
    @Option(name: .customLong("down-delay"), transform: reader(of: .delay)) var delay: LinkSetting?
    @Option(name: .customLong("down-jitter"), transform: reader(of: .jitter)) var jitter: LinkSetting?
    @Option(name: .customLong("down-loss"), transform: reader(of: .loss)) var loss: LinkSetting?
    @Option(name: .customLong("down-burst-loss"), transform: reader(of: .burstLoss)) var burstLoss: LinkSetting?
    @Option(name: .customLong("down-reorder"), transform: reader(of: .reorder)) var reorder: LinkSetting?
    @Option(name: .customLong("down-queue"), transform: reader(of: .queue)) var queue: LinkSetting?
}

private func help(_ what: String, _ name: LinkSetting.Name) -> ArgumentHelp {
    ArgumentHelp("\(what): \(name.allowed).")
}

private func reader(of name: LinkSetting.Name) -> @Sendable (String) throws -> LinkSetting {
    { try LinkSetting(name, value: $0) }
}

/// The first line.
private struct Listening: Encodable {
    let listening: String
    let to: String
}

/// The line of a second. Counters are totals since the start.
private struct PrintedReport: Encodable {
    struct Way: Encodable {
        /// In bits per second; absent without a limit.
        let rate: Int?
        let offeredPackets: Int
        let passedPackets: Int
        let passedBytes: Int
        let droppedPackets: Int
        let lostPackets: Int
        let queuedBytes: Int
        /// Absent when the link carries nothing.
        let queueDelayInMs: Double?
        /// Of the last second, in bits; with the headers of IP and UDP.
        let bitrate: Int

        init(_ way: RelayReport.Way, since earlier: RelayReport.Way) {
            rate = way.conditions.rate
            offeredPackets = way.offeredPackets
            passedPackets = way.passedPackets
            passedBytes = way.passedBytes
            droppedPackets = way.droppedPackets
            lostPackets = way.lostPackets
            queuedBytes = way.queuedBytes
            queueDelayInMs = way.queueDelay.map { ($0.milliseconds * 10).rounded() / 10 }
            bitrate = (way.passedBytes - earlier.passedBytes) * 8
        }
    }

    /// In seconds since the start.
    let time: Double
    let up: Way
    let down: Way
    let clients: Int
    let refusedPackets: Int
    let undeliverablePackets: Int

    init(_ report: RelayReport, since earlier: RelayReport, time: Double) {
        self.time = (time * 10).rounded() / 10
        up = Way(report.up, since: earlier.up)
        down = Way(report.down, since: earlier.down)
        clients = report.clients
        refusedPackets = report.refusedPackets
        undeliverablePackets = report.undeliverablePackets
    }
}

private func printLine(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
}

private func complain(_ sentence: String) {
    FileHandle.standardError.write(Data("switchboard: \(sentence)\n".utf8))
}

/// The lines that come on standard input, until it ends. Reading blocks, so a thread does it.
private func standardInputLines() -> AsyncStream<String> {
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    Thread.detachNewThread {
        while let line = readLine() { continuation.yield(line) }
        continuation.finish()
    }
    return lines
}
