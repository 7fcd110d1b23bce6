/// A way through a relay, as seen from its clients.
public enum RelayDirection: String, Hashable, Sendable, CaseIterable {
    /// From the clients to the server.
    case up
    /// From the server to the clients.
    case down
}
