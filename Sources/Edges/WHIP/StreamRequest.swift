internal import Calling
internal import HTTPTypes
internal import Hummingbird
internal import MediaVocabulary
internal import NIOCore
internal import ProtocolCore

/// A request to an endpoint or a session, and what its parts say.
struct StreamRequest {
    let direction: StreamDirection
    private let request: Request
    private let context: BasicRequestContext
    private let limits: StreamLimits

    init(_ request: Request, _ context: BasicRequestContext, direction: StreamDirection, limits: StreamLimits) {
        self.request = request
        self.context = context
        self.direction = direction
        self.limits = limits
    }

    var method: HTTPRequest.Method { request.method }
    var headers: HTTPFields { request.headers }
    var sessionKey: String { context.parameters.get("session") ?? "" }

    var group: GroupID {
        get throws(Problem) {
            let text = context.parameters.get("groupId") ?? ""
            guard let guid = IdentifierSource.canonicalGUID(text) else {
                throw Problem(.malformedGroupID, "'\(text.prefix(64))' is no GUID of the form 8-4-4-4-12.")
            }
            return GroupID(guid)
        }
    }

    /// How the participant wants to be shown; nil when it does not say.
    var displayName: String? {
        get throws(Problem) {
            guard let name = request.uri.queryParameters["displayName"].map(String.init), !name.isEmpty else {
                return nil
            }
            guard name.count <= limits.displayName else {
                Limit.count("whip.displayName")
                throw Problem(.malformedParameter, "displayName may have at most \(limits.displayName) characters.")
            }
            return name
        }
    }

    /// Whether the client is content with a session of which some m-lines cannot be used.
    var takesPart: Bool {
        get throws(Problem) {
            switch request.uri.queryParameters["partial"] {
            case nil, "false": return false
            case "true": return true
            case _?: throw Problem(.malformedParameter, "partial must be true or false.")
            }
        }
    }

    /// Whom a viewer wants to see.
    var pinned: String? {
        request.uri.queryParameters["participant"].flatMap { $0.isEmpty ? nil : String($0) }
    }

    func requireContentType(_ wanted: String) throws(Problem) {
        guard Self.mediaType(headers[.contentType] ?? "") == wanted else {
            throw Problem(.unsupportedMediaType, "The body must have the Content-Type \(wanted).")
        }
        let codings = headers[values: .contentEncoding].joined(separator: ",").lowercased()
        guard codings.isEmpty || codings == "identity" else {
            throw Problem(.unsupportedMediaType, "The body is taken as it is, not compressed.")
        }
    }

    /// Refuses a client that would not take an answer of that type. One that says nothing takes everything.
    func requireAcceptance(of type: String) throws(Problem) {
        guard let accept = headers[.accept] else { return }
        let family = type.prefix { $0 != "/" } + "/*"
        let isAccepted = accept.split(separator: ",").contains { range in
            let name = Self.mediaType(range)
            return name == "*/*" || name == family || name == type
        }
        guard isAccepted else {
            throw Problem(.notAcceptable, "The answer is \(type), which the header Accept does not allow.")
        }
    }

    /// The body as text.
    ///
    /// - Parameter kind: What is wrong when it is no text.
    func text(or kind: Problem.Kind) async throws(Problem) -> String {
        let tooLarge = Problem(.bodyTooLarge, "The body may have at most \(limits.body) bytes.")
        if let length = headers[.contentLength].flatMap(Int.init), length > limits.body {
            Limit.count("whip.body")
            throw tooLarge
        }
        var bytes: [UInt8] = []
        do {
            for try await chunk in request.body {
                guard bytes.count + chunk.readableBytes <= limits.body else {
                    Limit.count("whip.body")
                    throw tooLarge
                }
                bytes.append(contentsOf: chunk.readableBytesView)
            }
        } catch {
            throw error as? Problem ?? Problem(kind, "The body ended early.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(kind, "The body is not UTF-8.")
        }
        return text
    }

    private static func mediaType(_ header: some StringProtocol) -> String {
        header.prefix { $0 != ";" }.lowercased().trimmingSpaces
    }
}
