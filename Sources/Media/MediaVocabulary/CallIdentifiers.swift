/// What all names of the call model have in common: a string that is compared as it stands.
public protocol CallIdentifier: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByStringInterpolation
where RawValue == String, StringLiteralType == String {
    init(rawValue: String)
}

extension CallIdentifier {
    public init(_ rawValue: String) {
        self.init(rawValue: rawValue)
    }

    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    public var description: String {
        rawValue
    }

    /// The identifier as refusals repeat it: only its beginning when it is long.
    public var shortened: String {
        rawValue.shortenedForRefusal
    }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

/// Names one call from its first ring to its end, through every change of kind. A GUID in lower case.
public struct CallID: CallIdentifier {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Names one participation in one call. A GUID in lower case; a person who comes twice has two.
public struct ParticipantID: CallIdentifier {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension String {
    /// At most 64 characters of what somebody else wrote, so that no refusal is longer than what it refuses.
    public var shortenedForRefusal: String {
        // The raw id of a user of this server has 79 bytes and is worth reading whole.
        utf8.count <= 80 ? self : String(unicodeScalars.prefix(64)) + "…"
    }
}
