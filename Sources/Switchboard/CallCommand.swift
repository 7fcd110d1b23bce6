import ArgumentParser
import CallingClient
import ClientTransport
import Congestion
import Foundation

/// `switchboard call`
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call a user, join a group or take a call, from the shell.",
        discussion: """
            Sends the picture and the sound of files and records what the others send. What happens is told on the \
            standard output as JSON, one event a line. Without --to and --group it waits for a call and accepts it.

            Files are sent over and over until the call ends. Video must be H.264 (in MP4, Matroska or as a byte \
            stream) and is sent as it is; audio may be of any kind.
            """)

    @Option(help: "The server's address, https://host:port (default: $SWITCHBOARD_SERVER).")
    var server: String?

    @Option(help: "The access token of the user who calls (default: $SWITCHBOARD_TOKEN).")
    var token: String?

    @Option(help: "The user to call; several make a group call.")
    var to: [String] = []

    @Option(help: "The GUID of the group call to join.")
    var group: String?

    @Flag(help: "Wait for a call and accept it.")
    var accept = false

    @Option(help: "The file whose H.264 video is sent; two or three are simulcast layers, the smallest first.")
    var video: [String] = []

    @Option(help: "The file whose audio is sent; the one of --video will do.")
    var audio: String?

    @Option(help: "The folder for what the others send: a WAV and H.264 files for each participant.")
    var record: String?

    @Flag(help: "Send each line of the standard input as a data message, and tell what others send.")
    var data = false

    @Option(help: "Hang up after so many seconds in the call.")
    var duration: Double?

    @Option(help: "The name that others see.")
    var displayName: String?

    @Option(help: "How many pictures of others are received at once, 0 to 25.")
    var videoSlots = 4

    @Option(help: "A certificate in PEM to trust besides those of the system (default: $SWITCHBOARD_CA).")
    var ca: String?

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    @Option(
        help: "The ways that media may take: any, udp, tcp (to the media ports) or relay (TURN).",
        transform: TransportPolicy.parse)
    var transport = TransportPolicy.any

    @Option(help: "A TURN server besides those that the server names, turn:host:port?transport=udp or tcp, or turns:….")
    var turn: [String] = []

    @Option(help: "The user's name for the servers of --turn.")
    var turnUser: String?

    @Option(help: "The password for the servers of --turn.")
    var turnPassword: String?

    func validate() throws {
        guard turn.isEmpty || (turnUser != nil && turnPassword != nil) else {
            throw ValidationError("--turn needs --turn-user and --turn-password.")
        }
        guard to.isEmpty || group == nil else { throw ValidationError("--to and --group exclude each other.") }
        guard !accept || (to.isEmpty && group == nil) else {
            throw ValidationError("--accept waits for a call, so there is nobody to call with --to or --group.")
        }
        guard video.count <= FileSource.layerNames.count else {
            throw ValidationError("There are at most \(FileSource.layerNames.count) simulcast layers.")
        }
        guard (0...25).contains(videoSlots) else { throw ValidationError("--video-slots must be from 0 to 25.") }
    }

    func run() async throws {
        do {
            try await call()
        } catch let error as any CustomStringConvertible & Error {
            FileHandle.standardError.write(Data("switchboard: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func call() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let address = server ?? environment["SWITCHBOARD_SERVER"], let url = URL(string: address) else {
            throw ValidationError("Name the server with --server or in SWITCHBOARD_SERVER.")
        }
        guard let token = token ?? environment["SWITCHBOARD_TOKEN"] else {
            throw ValidationError("Give an access token with --token or in SWITCHBOARD_TOKEN.")
        }
        // Before anything rings, so that a missing file is no missed call.
        let source = try FileSource(video: video, audio: audio)
        let recorder = try record.map { try CallRecorder(folder: $0) }

        let trust = ServerTrust(certificateFile: ca ?? environment["SWITCHBOARD_CA"], isInsecure: insecure)
        let agent = try await CallClient(server: url, trust: trust).createCallAgent(
            credential: CommunicationTokenCredential(token: token),
            options: CallAgentOptions(displayName: displayName))
        EventPrinter.print("signedIn", ["userId": agent.identifier.rawId])
        let call = try await place(agent, options(recorder))
        EventPrinter.print("call", ["callId": call.id, "participantId": await call.participantId])
        let signals = hangUpOnSignals(call)
        let connection = Task {
            for await event in agent.events { EventPrinter.print(event) }
        }
        let reason = try await stay(in: call, source)
        connection.cancel()
        signals.forEach { $0.cancel() }
        await recorder?.finish()
        await agent.dispose()
        EventPrinter.print(
            "ended", ["code": reason.code, "subCode": reason.subCode, "message": reason.message])
        guard reason.code == 0 else { throw ExitCode(2) }
    }

    private func options(_ recorder: CallRecorder?) -> CallOptions {
        let layers = FileSource.layers(of: video.count)
        let turnServers = turn.map {
            TURNServerCredentials(url: $0, username: turnUser ?? "", password: turnPassword ?? "")
        }
        guard let recorder else {
            return CallOptions(
                incomingMedia: IncomingMediaOptions(videoSlots: 0), cameraLayers: layers, transport: transport,
                turnServers: turnServers)
        }
        return CallOptions(
            incomingMedia: IncomingMediaOptions(
                receiver: recorder, makeAudioDecoder: { try SlotAudioDecoder() }, videoSlots: videoSlots),
            cameraLayers: layers, transport: transport, turnServers: turnServers)
    }

    private func place(_ agent: CallAgent, _ options: CallOptions) async throws -> Call {
        if let group { return try await agent.join(groupId: group, options: options) }
        if !to.isEmpty {
            return try await agent.startCall(
                participants: to.map { CommunicationUserIdentifier($0) }, options: options)
        }
        for await event in agent.events {
            guard case .incomingCall(let incoming) = event else { continue }
            EventPrinter.print("incomingCall", ["callId": incoming.id, "from": incoming.callerInfo.identifier.rawId])
            return try await incoming.accept(options: options)
        }
        throw CallingError(code: 490, subCode: 0, reason: "connectionLost", message: "The connection ended.")
    }

    /// Sends and tells until the call is over.
    private func stay(in call: Call, _ source: FileSource) async throws -> CallEndReason {
        var sending: Task<Void, Never>?
        var ending: Task<Void, Never>?
        var messages: Task<Void, Never>?
        let statistics = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(5))
                if let snapshot = await call.mediaStatistics() { EventPrinter.print(snapshot) }
            }
        }
        defer {
            sending?.cancel()
            ending?.cancel()
            messages?.cancel()
            statistics.cancel()
        }
        var isConnected = await call.state == .connected
        var hasMedia = false
        EventPrinter.print("state", ["state": await call.state.rawValue])
        for await event in call.events {
            EventPrinter.print(event)
            switch event {
            case .stateChanged(let state): isConnected = state == .connected || isConnected
            case .mediaConnected: hasMedia = true
            default: break
            }
            guard isConnected, hasMedia, sending == nil else { continue }
            sending = Task { await source.send(into: call) }
            if data { messages = Task { await DataLines.exchange(in: call) } }
            ending = duration.map { seconds in
                Task {
                    guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
                    if let snapshot = await call.mediaStatistics() { EventPrinter.print(snapshot) }
                    try? await call.hangUp()
                }
            }
        }
        return await call.callEndReason ?? CallEndReason(code: 0, subCode: 0)
    }

    /// The first signal hangs up, so that files are written to their end.
    private func hangUpOnSignals(_ call: Call) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { Task { try? await call.hangUp() } }
            source.resume()
            return source
        }
    }
}

extension TransportPolicy {
    /// The value of `--transport`.
    static func parse(_ text: String) throws -> TransportPolicy {
        guard let policy = TransportPolicy(rawValue: text) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--transport must be one of \(names).")
        }
        return policy
    }
}

/// Tells events as JSON, one object a line.
enum EventPrinter {
    static func print(_ name: String, _ members: [String: Any] = [:]) {
        var object = members
        object["event"] = name
        object["time"] = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]) else { return }
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }

    static func print(_ event: CallAgentEvent) {
        switch event {
        case .interrupted: print("connection", ["state": "interrupted"])
        case .resumed: print("connection", ["state": "connected"])
        case .incomingCall, .callAdded, .callRemoved, .disposed: break
        }
    }

    static func print(_ event: CallEvent) {
        switch event {
        case .stateChanged(let state): print("state", ["state": state.rawValue])
        case .kindChanged(let kind): print("kind", ["kind": kind.rawValue])
        case .mutedChanged(let muted): print("muted", ["muted": muted])
        case .remoteParticipantsUpdated(let added, let removed):
            print("participants", ["added": added.map(members), "removed": removed.map(members)])
        case .remoteParticipantChanged(let participant): print("participant", members(participant))
        case .dominantSpeakersChanged(let ids, let levels): print("speakers", ["dominant": ids, "levels": levels])
        case .mediaConnected: print("media", ["state": "connected"])
        case .mediaInterrupted: print("media", ["state": "interrupted"])
        case .videoUnavailable(let participant, let reason, let message):
            print(
                "videoUnavailable",
                ["participantId": participant ?? "", "reason": reason, "message": message])
        }
    }

    static func print(_ snapshot: TransportLoop.Snapshot) {
        let counters = snapshot.counters
        var path: [String: Any] = ["path": snapshot.route?.rawValue ?? "none"]
        if let remote = snapshot.remote { path["remoteAddress"] = "\(remote)" }
        if let failure = snapshot.relayFailure { path["relayFailure"] = failure }
        print(
            "statistics",
            [
                "sentPackets": counters.sentPackets, "sentBytes": counters.sentBytes,
                "retransmittedPackets": counters.retransmittedPackets, "droppedFrames": counters.droppedFrames,
                "receivedPackets": counters.receivedPackets, "receivedBytes": counters.receivedBytes,
                "recoveredPackets": counters.recoveredPackets, "refusedPackets": counters.refusedPackets,
                "unknownPackets": counters.unknownPackets, "sentNacks": counters.sentNacks,
                "sentKeyframeRequests": counters.sentKeyframeRequests,
                "receivedKeyframeRequests": counters.receivedKeyframeRequests,
                "targetBitrate": snapshot.targetBitrate.bitsPerSecond,
                "congestion": snapshot.congestionState.rawValue,
                "roundTripMilliseconds": snapshot.roundTrip.map { Double($0.components.attoseconds) / 1e15 } ?? -1,
            ].merging(path) { _, new in new })
    }

    private static func members(_ participant: RemoteParticipant) -> [String: Any] {
        [
            "participantId": participant.id, "userId": participant.identifier.rawId,
            "displayName": participant.displayName ?? "", "state": participant.state.rawValue,
            "muted": participant.isMuted, "speaking": participant.isSpeaking,
            "video": participant.videoStreams.map(\.rawValue).sorted(),
        ]
    }
}
