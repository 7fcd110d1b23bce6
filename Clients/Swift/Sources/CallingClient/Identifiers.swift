/// Names a user of the server, as `8:acs:<resource>_<user>`.
public struct CommunicationUserIdentifier: Hashable, Sendable, CustomStringConvertible {
    public let rawId: String

    public init(_ rawId: String) {
        self.rawId = rawId
    }

    public var description: String { rawId }
}

/// The token that says who we are, and how to get the next one.
public struct CommunicationTokenCredential: Sendable {
    private let initial: String?
    private let refresher: (@Sendable () async throws -> String)?

    /// A token that is not renewed: when it expires, calls end.
    public init(token: String) {
        initial = token
        refresher = nil
    }

    /// A token that is asked for whenever one is needed.
    public init(initialToken: String? = nil, refresher: @escaping @Sendable () async throws -> String) {
        initial = initialToken
        self.refresher = refresher
    }

    /// The token to begin with.
    func first() async throws -> String {
        if let initial { return initial }
        return try await next() ?? ""
    }

    /// A new one; nil when there is no way to get it.
    func next() async throws -> String? {
        try await refresher?()
    }
}
