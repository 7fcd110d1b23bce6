/// The STUN and TURN servers that a client may use to reach the media ports, and until when.
public struct MediaServers: Hashable, Sendable {
    /// One server under several URLs, as `RTCIceServer` has it.
    public struct Server: Hashable, Sendable {
        /// For example `turn:calls.example.com:3478?transport=udp` (RFC 7065) or `stun:calls.example.com:3478`.
        public var urls: [String]
        /// For TURN; both or neither.
        public var username: String?
        public var credential: String?

        public init(urls: [String], username: String? = nil, credential: String? = nil) {
            self.urls = urls
            self.username = username
            self.credential = credential
        }
    }

    public var servers: [Server]
    /// How long new connections can be made with the credentials; nil where there are none.
    public var expiresInSeconds: Int?

    public init(servers: [Server], expiresInSeconds: Int?) {
        self.servers = servers
        self.expiresInSeconds = expiresInSeconds
    }

    /// No server: clients reach the media ports directly or not at all.
    public static let none = MediaServers(servers: [], expiresInSeconds: nil)

    /// The members of the reply.
    var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init(name: "iceServers", value: .array(servers.map(\.json)))]
        if let expiresInSeconds {
            members.append(.init(name: "expiresInSeconds", value: .integer(expiresInSeconds)))
        }
        return members
    }
}

extension MediaServers.Server {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init(name: "urls", value: .array(urls.map { .string($0) }))]
        if let username { members.append(.init(name: "username", value: .string(username))) }
        if let credential { members.append(.init(name: "credential", value: .string(credential))) }
        return .object(members)
    }
}
