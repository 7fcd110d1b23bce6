/// A STUN or TURN server that a client may use, as a `Link` header names it (RFC 9725 §4.6).
public struct ICEServer: Hashable, Sendable {
    /// For example `turn:turn.example.com:3478?transport=udp`.
    public var url: String
    /// For TURN.
    public var username: String?
    /// For TURN; the password that belongs to the name.
    public var credential: String?

    public init(url: String, username: String? = nil, credential: String? = nil) {
        self.url = url
        self.username = username
        self.credential = credential
    }

    /// The value of the `Link` header (RFC 8288).
    var link: String {
        var link = "<\(url)>; rel=\"ice-server\""
        if let username, let credential {
            link += "; username=\(Self.quoted(username)); credential=\(Self.quoted(credential))"
            link += "; credential-type=\"password\""
        }
        return link
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
