/// A word or line about link conditions that cannot be read; says which one, and what is allowed.
public struct RelayTextError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
