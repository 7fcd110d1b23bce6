/// What all names of the call model have in common: a string that is compared as it stands.
public protocol CallIdentifier: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue == String {
    init(rawValue: String)
}

extension CallIdentifier {
    public init(_ rawValue: String) {
        self.init(rawValue: rawValue)
    }

    public var description: String {
        rawValue
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

/// The name under which anybody who knows it may join a group call. A GUID in lower case.
public struct GroupID: CallIdentifier {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// Names one registered device, tab or program of a user. A GUID in lower case.
public struct EndpointID: CallIdentifier {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// The raw id of a user, for example `8:acs:<resource>_<user>`.
public struct UserID: CallIdentifier {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}
