import Foundation
import HTTPTypes
public import Hummingbird
public import Identity

/// `POST /calling/leave`: ends the signalling session that a resume key belongs to.
///
/// It is made for `navigator.sendBeacon`, which a page may still call while it goes away; what it sends over its WebSocket
/// then does not always leave the machine. The answer to a well-formed request is always the same, so that nobody learns
/// which keys there are.
public struct LeaveRoute: Sendable {
    /// The largest body, in bytes.
    public static let bodyLimit = 1_024
    /// How many of these requests a server takes in `period`.
    public static let requestsPerPeriod = 2_000
    public static let period: Duration = .seconds(10)
    /// The longest resume key, in bytes.
    static let keyLimit = 64

    private struct Body: Decodable {
        let resume: String
    }

    private let leave: @Sendable (_ resumeKey: String) async -> Void
    private let allowsOrigin: @Sendable (_ origin: String, _ host: String?) -> Bool
    private let budget: RequestBudget

    /// - Parameters:
    ///   - budget: Limits how many of these requests are taken.
    ///   - allowsOrigin: Whether a web page of that origin may open signalling connections to that host.
    ///   - leave: Ends the session, if there is one.
    public init(
        budget: RequestBudget, allowsOrigin: @escaping @Sendable (_ origin: String, _ host: String?) -> Bool,
        leave: @escaping @Sendable (_ resumeKey: String) async -> Void
    ) {
        self.budget = budget
        self.allowsOrigin = allowsOrigin
        self.leave = leave
    }

    /// Adds the route.
    public func addRoutes(to router: Router<BasicRequestContext>) {
        router.post("/calling/leave") { request, _ in
            let origin = request.headers[.origin]
            if let origin, !allowsOrigin(origin, request.head.authority) {
                throw ContractError(.forbidden, "OriginNotAllowed", "Pages of this origin may not use this server.")
            }
            if let seconds = budget.take() {
                throw ContractError(
                    .tooManyRequests, "TooManyRequests", "Too many requests. Try again in \(seconds) s.",
                    retryAfterSeconds: seconds)
            }
            await leave(try await Self.key(in: request))
            var response = Response(status: .noContent)
            if let origin {
                response.headers[.accessControlAllowOrigin] = origin
                response.headers[.vary] = "Origin"
            }
            return response
        }
    }

    private static func key(in request: Request) async throws -> String {
        var bytes = Data()
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= bodyLimit else { throw malformed }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        guard let key = try? JSONDecoder().decode(Body.self, from: bytes).resume, !key.isEmpty,
            key.utf8.count <= keyLimit
        else { throw malformed }
        return key
    }

    private static var malformed: ContractError {
        ContractError(
            .badRequest, "InvalidRequestBody",
            "The body must be {\"resume\":\"KEY\"}, of at most \(bodyLimit) bytes.", target: "resume")
    }
}
