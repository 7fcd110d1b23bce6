public import ClientTransport
internal import DTLS
public import Foundation

/// Makes call agents for a server.
///
/// ```swift
/// let client = try CallClient(server: URL(string: "https://calls.example.com")!)
/// let agent = try await client.createCallAgent(credential: CommunicationTokenCredential(token: token))
/// let call = try await agent.join(groupId: guid)
/// ```
public final class CallClient: Sendable {
    private let server: URL
    private let trust: ServerTrust
    private let loop: TransportLoop
    private let ownsLoop: Bool
    private let identity: DTLSIdentity

    /// - Parameters:
    ///   - server: The server's address, `https://host:port`.
    ///   - loop: The thread for media; many clients may share one. Nil makes one.
    /// - Throws: `SystemError` when the thread cannot be started, ``CallingError`` when no certificate can be made.
    public init(server: URL, trust: ServerTrust = .system, loop: TransportLoop? = nil) throws {
        self.server = server
        self.trust = trust
        self.loop = try loop ?? TransportLoop(name: "client-media")
        ownsLoop = loop == nil
        do {
            identity = try DTLSIdentity.generate(unixTime: Int64(Date().timeIntervalSince1970))
        } catch {
            throw CallingError(.mediaNegotiationFailed, "No certificate for media could be made: \(error)")
        }
    }

    /// Connects to the server as the user of the credential's token.
    public func createCallAgent(
        credential: CommunicationTokenCredential, options: CallAgentOptions = CallAgentOptions()
    ) async throws -> CallAgent {
        let signalling = SignallingSession(
            server: server, trust: trust, credential: credential, displayName: options.displayName)
        let welcome = try await signalling.open()
        let agent = CallAgent(welcome, signalling: signalling, loop: loop, identity: identity, trust: trust)
        await agent.start()
        return agent
    }

    /// Ends the thread for media that was made here; agents should be disposed before.
    public func dispose() async {
        if ownsLoop { await loop.stop() }
    }
}

public struct CallAgentOptions: Sendable {
    /// The name that others see; nil takes the one that the user was made with.
    public var displayName: String?

    public init(displayName: String? = nil) {
        self.displayName = displayName
    }
}
