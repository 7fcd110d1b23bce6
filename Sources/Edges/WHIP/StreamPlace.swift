internal import HTTPTypes
internal import Hummingbird
internal import SDP

/// The two kinds of URL.
enum StreamPlace: Sendable {
    /// Where sessions are opened.
    case endpoint
    /// One session.
    case session

    /// The value of `Allow`.
    var allowedMethods: String {
        switch self {
        case .endpoint: "OPTIONS, POST"
        case .session: "DELETE, OPTIONS, PATCH"
        }
    }

    /// The answer to OPTIONS, which needs no token: browsers send none with their preflight requests.
    var options: Response {
        var response = Response(status: .noContent, headers: [.allow: allowedMethods])
        switch self {
        case .endpoint: response.headers[named: "Accept-Post"] = "application/sdp"
        case .session: response.headers[named: "Accept-Patch"] = TrickleFragment.mediaType
        }
        return response
    }
}

/// Lets pages of other origins use the routes (the CORS protocol of the Fetch standard).
struct CrossOriginAccess: Sendable {
    let allowsOrigin: @Sendable (_ origin: String, _ host: String?) -> Bool

    func addHeaders(to response: inout Response, for request: Request, at place: StreamPlace) {
        response.headers[.vary] = "Origin"
        guard let origin = request.headers[.origin],
            allowsOrigin(origin, request.head.authority ?? request.headers[named: "Host"])
        else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = "Accept-Patch, ETag, Link, Location, Retry-After"
        guard request.method == .options else { return }
        response.headers[.accessControlAllowMethods] = place.allowedMethods
        response.headers[.accessControlAllowHeaders] = "Authorization, Content-Type, If-Match"
        response.headers[.accessControlMaxAge] = "7200"
    }
}

extension HTTPFields {
    /// A header by its name in text, which must be valid.
    subscript(named name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set {
            guard let field = HTTPField.Name(name) else { return }
            self[field] = newValue
        }
    }

    /// Adds one more header of that name.
    mutating func append(named name: String, _ value: String) {
        guard let field = HTTPField.Name(name) else { return }
        append(HTTPField(name: field, value: value))
    }
}
