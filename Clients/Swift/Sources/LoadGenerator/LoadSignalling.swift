/// What a session of a load run is in its call.
public enum LoadRole: String, CaseIterable, Hashable, Sendable, Codable {
    case publisher
    case subscriber
}

/// How the sessions of a load run get into the call: whatever carries offers to a server and answers back.
public protocol LoadSignalling: Sendable {
    /// Makes what so many sessions need, such as users and tokens; this is not measured.
    func prepare(publishers: Int, subscribers: Int) async throws
    /// Carries the offer of a session to the server, and its answer back.
    /// - Parameter number: Counts the sessions of a role from 0.
    func open(_ role: LoadRole, number: Int, offer: String) async throws -> String
    /// Leaves the call.
    func close(_ role: LoadRole, number: Int) async
}

/// Why a load run came to nothing.
public struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence for a person.
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}
