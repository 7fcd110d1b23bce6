import Foundation

/// The raw id of a communication user of this server: `8:acs:<resource GUID>_<user GUID>`.
public struct UserIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// The whole raw id, in lower case.
    public let rawID: String
    /// The GUID of the server that made the user.
    public let resourceID: String

    private static let prefix = "8:acs:"

    /// Reads a raw id; nil when it is not the id of a communication user.
    public init?(rawID: some StringProtocol) {
        let lowered = rawID.lowercased()
        guard lowered.hasPrefix(Self.prefix) else { return nil }
        let parts = lowered.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isGUID(parts[0]), Self.isGUID(parts[1]) else { return nil }
        self.rawID = lowered
        resourceID = String(parts[0])
    }

    /// A new, unused id of the given server.
    public init(newUserOf resourceID: String) {
        self.resourceID = resourceID
        rawID = Self.prefix + resourceID + "_" + UUID().uuidString.lowercased()
    }

    public var description: String { rawID }

    private static func isGUID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 36 && UUID(uuidString: String(text)) != nil
    }
}
