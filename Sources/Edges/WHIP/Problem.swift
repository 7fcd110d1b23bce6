internal import Calling
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import MediaVocabulary
internal import NIOCore
internal import ProtocolCore
internal import SDP

/// Why a request is refused: a stable word, a title and a sentence, sent as problem details (RFC 9457).
struct Problem: Error, Hashable, Sendable {
    /// The stable words that clients switch on; sent as `urn:switchboard:problem:<word>`.
    enum Kind: String, Hashable, Sendable {
        case malformedGroupID
        case malformedParameter
        case malformedOffer
        case malformedFragment
        case unauthorized
        case missingScope
        case callFull
        case notAllowed
        case sessionNotFound
        case callEnded
        case methodNotAllowed
        case notAcceptable
        case invalidState
        case restartInProgress
        case foreignCredentials
        case entityTagMismatch
        case bodyTooLarge
        case unsupportedMediaType
        case unusableOffer
        case entityTagRequired
        case tooManySessions
        case mediaUnavailable
        case serverClosing

        var status: HTTPResponse.Status {
            switch self {
            case .malformedGroupID, .malformedParameter, .malformedOffer, .malformedFragment: .badRequest
            case .unauthorized: .unauthorized
            case .missingScope, .callFull, .notAllowed: .forbidden
            case .sessionNotFound: .notFound
            case .methodNotAllowed: .methodNotAllowed
            case .notAcceptable: .notAcceptable
            case .callEnded, .invalidState, .restartInProgress, .foreignCredentials: .conflict
            case .entityTagMismatch: .preconditionFailed
            case .bodyTooLarge: .contentTooLarge
            case .unsupportedMediaType: .unsupportedMediaType
            case .unusableOffer: .unprocessableContent
            case .entityTagRequired: .preconditionRequired
            case .tooManySessions: .tooManyRequests
            case .mediaUnavailable: .internalServerError
            case .serverClosing: .serviceUnavailable
            }
        }

        var title: String {
            switch self {
            case .malformedGroupID: "The group id is no GUID"
            case .malformedParameter: "A query parameter has the wrong form"
            case .malformedOffer: "The offer cannot be read"
            case .malformedFragment: "The SDP fragment cannot be read"
            case .unauthorized: "A valid user access token is needed"
            case .missingScope: "The token lacks a scope"
            case .callFull: "The call is full"
            case .notAllowed: "Not allowed in this call"
            case .sessionNotFound: "There is no such session"
            case .callEnded: "The call is over"
            case .methodNotAllowed: "The method is not allowed here"
            case .notAcceptable: "The answer would not be acceptable"
            case .invalidState: "Not possible in this state of the call"
            case .restartInProgress: "An ICE restart is under way"
            case .foreignCredentials: "The ICE credentials are not those of the session"
            case .entityTagMismatch: "The ICE session is another one"
            case .bodyTooLarge: "The body is too large"
            case .unsupportedMediaType: "The body has the wrong type"
            case .unusableOffer: "The offer cannot be answered"
            case .entityTagRequired: "If-Match is needed"
            case .tooManySessions: "This user has too many sessions"
            case .mediaUnavailable: "The media of the call cannot be set up"
            case .serverClosing: "The server is stopping"
            }
        }
    }

    /// What is wrong with one m-line of an offer.
    struct Line: Hashable, Sendable, Encodable {
        let mid: String
        /// A stable word.
        let reason: String
        /// A sentence for a person.
        let detail: String
    }

    let kind: Kind
    /// A sentence for a person.
    let detail: String
    /// The m-lines that the refusal is about; sent as the member `lines`.
    let lines: [Line]
    /// The methods that the resource does take, for `Allow`.
    var allowedMethods: String?

    init(_ kind: Kind, _ detail: String, lines: [Line] = [], allowedMethods: String? = nil) {
        self.kind = kind
        self.detail = detail
        self.lines = lines
        self.allowedMethods = allowedMethods
    }

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let instance: String
        let lines: [Line]?
    }

    /// The refusal as an HTTP response.
    ///
    /// - Parameters:
    ///   - path: What was asked for.
    ///   - hadToken: Whether the request carried a token, which makes a difference to the challenge (RFC 6750 §3.1).
    func response(to path: String, hadToken: Bool) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = Body(
            type: "urn:switchboard:problem:\(kind.rawValue)", title: kind.title, status: kind.status.code,
            detail: detail, instance: String(path.prefix(512)), lines: lines.isEmpty ? nil : lines)
        // Short texts can always be written as JSON.
        let bytes = (try? encoder.encode(body)) ?? Data("{}".utf8)
        var response = Response(
            status: kind.status,
            headers: [.contentType: "application/problem+json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        if let allowedMethods { response.headers[.allow] = allowedMethods }
        switch kind {
        case .unauthorized:
            response.headers[.wwwAuthenticate] = hadToken ? "Bearer error=\"invalid_token\"" : "Bearer"
        case .missingScope:
            response.headers[.wwwAuthenticate] = "Bearer error=\"insufficient_scope\", scope=\"voip.join\""
        case .serverClosing:
            response.headers[.retryAfter] = "30"
        case .malformedGroupID, .malformedParameter, .malformedOffer, .malformedFragment, .callFull, .notAllowed,
            .sessionNotFound, .callEnded, .methodNotAllowed, .notAcceptable, .invalidState, .restartInProgress,
            .foreignCredentials, .entityTagMismatch, .bodyTooLarge, .unsupportedMediaType, .unusableOffer,
            .entityTagRequired, .tooManySessions, .mediaUnavailable:
            break
        }
        return response
    }
}

extension Problem.Line {
    init(_ rejection: LineRejection) {
        self.init(mid: rejection.mid.rawValue, reason: rejection.reason.rawValue, detail: rejection.message)
    }
}

extension Problem {
    /// The refusal of the call plane in the words of HTTP.
    init(_ refusal: CallRefusal) {
        switch refusal {
        case .callNotFound, .callEnded: self.init(.callEnded, "The call is over.")
        case .participantNotFound(let id):
            self.init(.invalidState, "There is no participant \(id.shortened) in the call.")
        case .invalidState(let why): self.init(.invalidState, why)
        case .notRinging, .answeredElsewhere: self.init(.invalidState, "The call does not ring here.")
        case .userNotFound(let user): self.init(.invalidState, "There is no user \(user.shortened) on this server.")
        case .slotNotFound(let mid):
            self.init(.invalidState, "No m-line \(mid.rawValue.shortenedForRefusal) was negotiated in this session.")
        case .limitReached(let limit): self.init(.tooManySessions, limit.sentence)
        case .invalidTarget(_, let why): self.init(.invalidState, why)
        case .callFull(let limit): self.init(.callFull, "A call has at most \(limit) participants.")
        case .notAllowed(let what): self.init(.notAllowed, what)
        case .mediaNegotiationFailed(let error): self.init(.unusableOffer, error.message)
        case .serverClosing: self.init(.serverClosing, "The server is stopping and takes no new calls.")
        case .mediaUnavailable:
            self.init(.mediaUnavailable, "The server could not set up the media of the call; its log says why.")
        }
    }
}
