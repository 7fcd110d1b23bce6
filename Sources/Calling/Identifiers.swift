public import MediaVocabulary

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
