import ArgumentParser
import ClientTransport
import Foundation
import LoadGenerator

/// `switchboard loadtest`
struct LoadtestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadtest",
        abstract: "Play many clients against a server, and measure what it forwards and what that costs.",
        discussion: """
            Publishers (WHIP) and subscribers (WHEP) join one group call. They send synthetic H.264 and Opus whose \
            every byte is checked on arrival. Users are made in development mode, or with a connection string. With \
            --server-pid the server's CPU time and memory are measured too.
            """)

    @Option(help: "The server's address, https://host:port (default: $SWITCHBOARD_SERVER).")
    var server: String?

    @Option(help: "The GUID of the group call (default: a new one).")
    var group: String?

    @Option(help: "Sessions that send.")
    var publishers = 1

    @Option(help: "Sessions that receive.")
    var subscribers = 10

    @Option(help: "The size of the pictures: 180p, 360p, 720p, 1080p, or off.")
    var video = "720p"

    @Option(help: "Bits per second of a publisher's video (default: usual for the size), such as 1500000 or 1.5M.")
    var bitrate: String?

    @Option(help: "Pictures per second, 1 to 60.")
    var fps = 30

    @Option(help: "Sound: on or off.")
    var audio: Switch = .on

    @Option(help: "How many publishers speak; the others send silence (default: 3 at most).")
    var speakers: Int?

    @Option(help: "The pictures that each subscriber has places for, 0 to 25 (default: one for each publisher).")
    var visible: Int?

    @Flag(help: "Send smaller sizes of each picture besides.")
    var simulcast = false

    @Option(help: "Seconds for which media is measured, such as 30 or 2.5.")
    var duration = 30.0

    @Option(help: "Seconds for which media flows before it is measured, once all pictures have come.")
    var warmUp = 4.0

    @Option(help: "Sessions opened per second.")
    var joinRate = 50.0

    @Option(help: "Threads for the subscribers; the publishers have one of their own.")
    var threads = 1

    @Option(
        help: "The ways that media may take: udp, tcp (ICE over TCP), or any.", transform: TransportPolicy.parse)
    var transport = TransportPolicy.udp

    @Option(help: "The server's process id on this machine, for its CPU time and memory.")
    var serverPid: Int32?

    @Option(
        help:
            "The connection string to make users with (default: $SWITCHBOARD_CONNECTION_STRING, else development mode)."
    )
    var connectionString: String?

    @Option(help: "A certificate in PEM to trust besides those of the system (default: $SWITCHBOARD_CA).")
    var ca: String?

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    @Flag(help: "Print the report as JSON.")
    var json = false

    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
    }

    func validate() throws {
        if let group, UUID(uuidString: group) == nil {
            throw ValidationError("--group must be a GUID, not '\(group)'.")
        }
        if let problem = try plan().problem { throw ValidationError(problem) }
    }

    func run() async throws {
        do {
            try await measure()
        } catch let error as any CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("switchboard: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func measure() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let address = server ?? environment["SWITCHBOARD_SERVER"] else {
            throw LoadError("Name the server with --server or in SWITCHBOARD_SERVER.")
        }
        let endpoint = try LoadtestEndpoint(address)
        let plan = try plan()
        let signalling = try WHIPSignalling(
            endpoint, group: (group ?? UUID().uuidString).lowercased(),
            connectionString: connectionString ?? environment["SWITCHBOARD_CONNECTION_STRING"],
            trustedCertificate: ca ?? environment["SWITCHBOARD_CA"], isInsecure: insecure,
            connections: max(8, min(64, Int(joinRate))))
        OpenFiles.raiseLimit()
        let isQuiet = json
        let report: LoadReport
        do {
            report = try await LoadGenerator(plan, signalling: signalling, serverProcess: serverPid).run { step in
                if !isQuiet { FileHandle.standardError.write(Data("\(step)\n".utf8)) }
            }
            try await signalling.shutDown()
        } catch {
            try? await signalling.shutDown()
            throw error
        }
        print(json ? try encoded(report) : report.description)
        guard report.joins.failed == 0 else { throw ExitCode(2) }
    }

    private func encoded(_ report: LoadReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    // MARK: The plan

    private func plan() throws -> LoadPlan {
        guard transport != .relay else { throw ValidationError("A load test has no TURN servers.") }
        var plan = LoadPlan(
            publishers: publishers, subscribers: subscribers, video: try videoPlan(), hasAudio: audio == .on,
            speakers: speakers, visible: visible, joinRate: joinRate, warmUp: try span(warmUp, "--warm-up"),
            duration: try span(duration, "--duration"), threads: threads)
        plan.transport = transport
        return plan
    }

    private func videoPlan() throws -> LoadPlan.Video? {
        if video == "off" { return nil }
        guard let size = VideoSize(rawValue: video) else {
            let names = VideoSize.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--video must be one of \(names) or off, not '\(video)'.")
        }
        return .usual(size, bitRate: try bitrate.map(bits), frameRate: fps, isSimulcast: simulcast)
    }

    /// Bits per second, with k or M behind them or not.
    private func bits(_ text: String) throws -> Int {
        let factors: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6]
        let factor = text.last.flatMap { factors[$0] }
        let digits = factor == nil ? text : String(text.dropLast())
        guard let number = Double(digits), number > 0, number * (factor ?? 1) < 1e12 else {
            throw ValidationError("--bitrate must be bits per second, such as 1500000 or 1.5M, not '\(text)'.")
        }
        return Int(number * (factor ?? 1))
    }

    private func span(_ seconds: Double, _ option: String) throws -> Duration {
        guard seconds.isFinite, (0...86_400).contains(seconds) else {
            throw ValidationError("\(option) must be from 0 to 86400 seconds.")
        }
        return .nanoseconds(Int64(seconds * 1e9))
    }
}
