import Crypto
public import Foundation

/// A request as the signature check sees it.
public struct SignedRequest: Sendable {
    /// The verb, in upper case.
    public var method: String
    /// Path and query exactly as they stood in the request line, percent-encoding included.
    public var target: String
    /// The `Host` header, or the HTTP/2 authority.
    public var host: String?
    /// The first value of a header, by its name in lower case.
    public var header: @Sendable (String) -> String?
    /// The whole body.
    public var body: [UInt8]

    public init(
        method: String, target: String, host: String?, body: [UInt8], header: @escaping @Sendable (String) -> String?
    ) {
        self.method = method
        self.target = target
        self.host = host
        self.body = body
        self.header = header
    }
}

/// Why a signed request is refused. Every case is the caller's fault and answered with 401.
public enum AuthenticationRefusal: Error, Sendable, Equatable {
    /// No `Authorization` header.
    case missing
    /// A bearer token, which service routes do not take.
    case bearer
    /// An `Authorization` header of another scheme or form.
    case malformed
    /// A header that has to be signed is absent from the request or from the list of signed headers.
    case notSigned(header: String)
    /// `x-ms-date` is not a date in HTTP form.
    case malformedDate(String)
    /// `x-ms-date` is too far from the server's time.
    case outsideTimeWindow(date: String, serverTime: String)
    /// `x-ms-content-sha256` is not the hash of the body.
    case contentHashMismatch
    /// No key of the server gives this signature.
    case signatureMismatch

    /// A stable machine word.
    public var code: String {
        switch self {
        case .missing: "MissingAuthorization"
        case .bearer: "BearerNotSupported"
        case .malformed: "MalformedAuthorization"
        case .notSigned: "HeaderNotSigned"
        case .malformedDate: "MalformedDate"
        case .outsideTimeWindow: "DateOutsideWindow"
        case .contentHashMismatch: "ContentHashMismatch"
        case .signatureMismatch: "SignatureMismatch"
        }
    }

    /// A sentence for a person.
    public var sentence: String {
        switch self {
        case .missing:
            "The request has no Authorization header. Sign it with an access key of this server (HMAC-SHA256)."
        case .bearer:
            "Bearer tokens are not accepted here. User access tokens open signalling connections only; service "
                + "requests are signed with an access key (HMAC-SHA256)."
        case .malformed:
            "The Authorization header is not of the form 'HMAC-SHA256 SignedHeaders=…&Signature=…'."
        case .notSigned(let header):
            "The header \(header.prefix(64)) must be present and among SignedHeaders."
        case .malformedDate(let value):
            "The header x-ms-date, '\(value.prefix(64))', is not a date of the form 'Tue, 24 Nov 2026 10:00:00 GMT'."
        case .outsideTimeWindow(let date, let serverTime):
            "The request is dated \(date.prefix(64)), more than 5 minutes from the server's time, \(serverTime)."
        case .contentHashMismatch:
            "The header x-ms-content-sha256 is not the SHA-256 of the body in base64."
        case .signatureMismatch:
            "The signature does not fit the request. Check the access key, and that the request is not altered on "
                + "its way."
        }
    }
}

/// Checks requests that are signed with an access key (HMAC-SHA256).
///
/// The signed text is `VERB \n PATH-AND-QUERY \n` followed by the values of the signed headers in their listed order,
/// joined by semicolons. Clients differ in how they write two of its parts, and every written form is accepted: the
/// target as sent or percent-decoded, and as host any authority by which the server is known, or the request's own
/// `Host`, with or without a slash at the end.
public struct SharedKeyAuthenticator: Sendable {
    /// How far the date of a request may be from the server's time, in seconds, either way.
    public static let dateTolerance: TimeInterval = 300
    /// The longest `Authorization` header that is read, in bytes; one with three signed headers has about 130.
    static let authorizationBytes = 4_096
    private static let scheme = "HMAC-SHA256"
    private static let requiredHeaders = ["x-ms-date", "host", "x-ms-content-sha256"]

    private let keys: AccessKeys
    private let authorities: [String]
    private let now: @Sendable () -> Date

    /// - Parameter authorities: The endpoint authorities, `host` or `host:port`, by which clients know this server.
    public init(keys: AccessKeys, authorities: [String], now: @escaping @Sendable () -> Date = { Date() }) {
        self.keys = keys
        self.authorities = authorities
        self.now = now
    }

    /// Refuses what can be refused before the body is read: no signature at all, or a bearer token.
    public static func checkScheme(of authorization: String?) throws(AuthenticationRefusal) {
        _ = try parse(authorization)
    }

    /// Returns when one of the keys signed the request; throws why not otherwise.
    public func verify(_ request: SignedRequest) throws(AuthenticationRefusal) {
        let (signedHeaders, signature) = try Self.parse(request.header("authorization"))
        for name in Self.requiredHeaders where !signedHeaders.contains(name) { throw .notSigned(header: name) }
        guard let dateText = request.header("x-ms-date") else { throw .notSigned(header: "x-ms-date") }
        guard let date = HTTPDate.parse(dateText) else { throw .malformedDate(dateText) }
        let time = now()
        guard abs(date.timeIntervalSince(time)) <= Self.dateTolerance else {
            throw .outsideTimeWindow(date: dateText, serverTime: HTTPDate.format(time))
        }
        guard let hash = request.header("x-ms-content-sha256") else { throw .notSigned(header: "x-ms-content-sha256") }
        guard let claimed = Data(base64Encoded: hash), SHA256.hash(data: request.body) == claimed else {
            throw .contentHashMismatch
        }
        var values: [String?] = []
        for name in signedHeaders {
            guard name != "host" else {
                values.append(nil)
                continue
            }
            guard let value = request.header(name) else { throw .notSigned(header: name) }
            values.append(value)
        }
        for target in Self.targetForms(request.target) {
            for host in hostForms(request.host) {
                let joined = values.map { $0 ?? host }.joined(separator: ";")
                let text = Data("\(request.method)\n\(target)\n\(joined)".utf8)
                for key in [keys.primary, keys.secondary]
                where HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: text, using: key) {
                    return
                }
            }
        }
        throw .signatureMismatch
    }

    private static func targetForms(_ target: String) -> [String] {
        guard let decoded = target.removingPercentEncoding, decoded != target else { return [target] }
        return [target, decoded]
    }

    private func hostForms(_ host: String?) -> [String] {
        var forms = authorities
        if let host, !forms.contains(host) { forms.append(host) }
        return forms + forms.map { $0 + "/" }
    }

    private static func parse(
        _ authorization: String?
    ) throws(AuthenticationRefusal) -> (signedHeaders: [String], signature: Data) {
        guard let authorization else { throw .missing }
        guard authorization.utf8.count <= authorizationBytes else { throw .malformed }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard let first = parts.first else { throw .missing }
        if first.lowercased() == "bearer" { throw .bearer }
        guard parts.count == 2, first.uppercased() == scheme else { throw .malformed }
        var signedHeaders: [String]?
        var signature: Data?
        for field in parts[1].split(separator: "&") {
            guard let equals = field.firstIndex(of: "=") else { throw .malformed }
            let value = field[field.index(after: equals)...]
            switch field[..<equals].trimmingCharacters(in: .whitespaces).lowercased() {
            case "signedheaders":
                signedHeaders = value.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            case "signature":
                signature = Data(base64Encoded: value.trimmingCharacters(in: .whitespaces))
            default:
                continue
            }
        }
        guard let signedHeaders, signedHeaders.count <= 16, let signature else { throw .malformed }
        return (signedHeaders, signature)
    }
}

/// Signs requests as a server application does.
public struct SharedKeySigner: Sendable {
    private let connection: ConnectionString

    public init(_ connection: ConnectionString) {
        self.connection = connection
    }

    /// The headers that make the request acceptable: date, hash of the body and signature.
    public func headers(method: String, target: String, body: [UInt8], date: Date) -> [(name: String, value: String)] {
        let dateText = HTTPDate.format(date)
        let hash = Data(SHA256.hash(data: body)).base64EncodedString()
        let text = "\(method)\n\(target)\n\(dateText);\(connection.authority);\(hash)"
        let key = SymmetricKey(data: connection.accessKey)
        let code = Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)).base64EncodedString()
        return [
            ("x-ms-date", dateText),
            ("x-ms-content-sha256", hash),
            ("Authorization", "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=\(code)"),
        ]
    }
}
