import Foundation
public import HTTPTypes
public import Hummingbird
import NIOCore

/// A refusal in the form of the service contract, `{"error":{"code":…,"message":…,"target":…,"innererror":{…}}}`.
///
/// Refusals are never 5xx: official clients repeat such requests for minutes.
public struct ContractError: Error, Sendable, Equatable {
    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// A stable machine word.
    public var code: String
    /// A sentence for a person.
    public var message: String
    /// The member, parameter or id it concerns.
    public var target: String?
    /// A more exact machine word.
    public var innerCode: String?
    /// After how many seconds the request may be repeated.
    public var retryAfterSeconds: Int?
    /// The methods that the path does take.
    public var allowedMethods: String?

    public init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, target: String? = nil,
        innerCode: String? = nil, retryAfterSeconds: Int? = nil, allowedMethods: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.innerCode = innerCode
        self.retryAfterSeconds = retryAfterSeconds
        self.allowedMethods = allowedMethods
    }

    private struct Body: Encodable {
        struct Inner: Encodable {
            let code: String
            let message: String
        }
        struct Content: Encodable {
            let code: String
            let message: String
            let target: String?
            let innererror: Inner?
        }
        let error: Content
    }

    /// The refusal as an HTTP response.
    public var response: Response {
        let inner = innerCode.map { Body.Inner(code: $0, message: message) }
        let body = Body(error: Body.Content(code: code, message: message, target: target, innererror: inner))
        var response = Response(json: body, status: status)
        response.headers[contractName: "x-ms-error-code"] = code
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        if let allowedMethods { response.headers[.allow] = allowedMethods }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "HMAC-SHA256" }
        return response
    }
}

extension HTTPFields {
    /// A header by its name in text; names of the contract are valid, and others are ignored.
    subscript(contractName name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set {
            guard let field = HTTPField.Name(name) else { return }
            self[field] = newValue
        }
    }
}

extension Response {
    /// A JSON answer. Values that cannot be written as JSON do not occur in the types of this module.
    init(json value: some Encodable, status: HTTPResponse.Status) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = (try? encoder.encode(value)) ?? Data("{}".utf8)
        self.init(jsonBytes: bytes, status: status)
    }

    init(jsonBytes bytes: some Sequence<UInt8>, status: HTTPResponse.Status) {
        self.init(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
