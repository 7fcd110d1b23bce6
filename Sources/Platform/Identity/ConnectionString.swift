import Foundation

/// What a server application needs to reach and convince this server: `endpoint=https://HOST:PORT/;accesskey=BASE64`.
public struct ConnectionString: Sendable, Equatable, CustomStringConvertible {
    /// Host name or address, with the port where it is not 443.
    public let authority: String
    /// The access key's bytes.
    public let accessKey: [UInt8]

    public init(authority: String, accessKey: [UInt8]) {
        self.authority = authority
        self.accessKey = accessKey
    }

    /// Reads a connection string; names are case-insensitive and may come in any order.
    public init(parsing text: String) throws(ConnectionStringError) {
        var endpoint: String?
        var key: [UInt8]?
        for part in text.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ";") {
            guard let equals = part.firstIndex(of: "=") else { throw .malformedPart(String(part)) }
            let value = String(part[part.index(after: equals)...])
            switch part[..<equals].lowercased() {
            case "endpoint": endpoint = value
            case "accesskey":
                guard let bytes = Data(base64Encoded: value), !bytes.isEmpty else { throw .accessKeyNotBase64 }
                key = Array(bytes)
            default: throw .unknownName(String(part[..<equals]))
            }
        }
        guard var endpoint else { throw .missing("endpoint") }
        guard let key else { throw .missing("accesskey") }
        guard endpoint.lowercased().hasPrefix("https://") else { throw .endpointNotHTTPS(endpoint) }
        endpoint.removeFirst("https://".count)
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        guard !endpoint.isEmpty, !endpoint.contains("/") else { throw .endpointNotHTTPS(endpoint) }
        authority = endpoint
        accessKey = key
    }

    public var description: String {
        "endpoint=https://\(authority)/;accesskey=\(Data(accessKey).base64EncodedString())"
    }
}

/// What is wrong with a connection string.
public enum ConnectionStringError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformedPart(String)
    case unknownName(String)
    case missing(String)
    case accessKeyNotBase64
    case endpointNotHTTPS(String)

    public var description: String {
        let problem =
            switch self {
            case .malformedPart(let part): "'\(part)' is not of the form name=value"
            case .unknownName(let name): "'\(name)' is neither endpoint nor accesskey"
            case .missing(let name): "\(name) is missing"
            case .accessKeyNotBase64: "the access key is not base64"
            case .endpointNotHTTPS(let endpoint): "the endpoint '\(endpoint)' is not of the form https://HOST:PORT/"
            }
        return "The connection string is not valid: \(problem). It looks like "
            + "endpoint=https://HOST:PORT/;accesskey=BASE64."
    }
}
