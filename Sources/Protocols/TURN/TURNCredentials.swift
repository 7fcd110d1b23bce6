internal import Cryptography
internal import ProtocolCore

/// A name and password for the TURN server that expire by themselves, so that the server has to remember none.
///
/// The scheme is the one that draft-uberti-behave-turn-rest describes and other TURN servers use as well: the name
/// begins with the time of its expiry, and the password is a code of the name under a secret that the servers share.
public struct TURNCredentials: Hashable, Sendable {
    /// `expiry:user`, the expiry in seconds since 1970.
    public let username: String
    public let password: String

    /// Credentials for a user.
    /// - Parameters:
    ///   - user: Any name; quotas are kept by it.
    ///   - unixTime: From this time on they are refused, in seconds since 1970.
    ///   - secret: What the servers share; 16 bytes at the least.
    public init(user: String, expiringAt unixTime: Int64, secret: [UInt8]) {
        self.init(username: "\(unixTime):\(user)", secret: secret)
    }

    init(username: String, secret: [UInt8]) {
        self.username = username
        password = base64(hmacSHA1(key: secret, Array(username.utf8)))
    }

    /// The key of long-term credentials (RFC 8489 §9.2.2).
    public func key(realm: String) -> [UInt8] {
        Self.key(username: username, realm: realm, password: password)
    }

    static func key(username: String, realm: String, password: String) -> [UInt8] {
        md5(Array("\(username):\(realm):\(password)".utf8).span.bytes)
    }

    /// Expiry and user of a name; nil when it has another form.
    static func parts(of username: String) -> (expiry: Int64, user: String)? {
        let parts = username.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let expiry = Int64(parts[0]), expiry > 0, !parts[1].isEmpty else { return nil }
        return (expiry, String(parts[1]))
    }
}

/// Base64 with padding (RFC 4648 §4).
private func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for index in 0..<4 {
            text.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index)) & 63] : "=")
        }
    }
    return text
}
