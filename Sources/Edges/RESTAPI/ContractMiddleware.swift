import Foundation
import HTTPTypes
public import Hummingbird
import Logging
import Metrics
import Store

/// Around every request: request ids, refusals in the form of the contract, and counts.
public struct ContractMiddleware: RouterMiddleware {
    public typealias Context = BasicRequestContext

    private static let clientRequestID = "x-ms-client-request-id"

    public init() {}

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let requestID = UUID().uuidString.lowercased()
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as ContractError {
            response = error.response
        } catch let error as any HTTPResponseError {
            response = Self.refusal(for: error, to: request).response
        } catch let error as StoreError {
            context.logger.error("request failed: \(error)", metadata: ["requestId": "\(requestID)"])
            response = error.contractError(requestID: requestID).response
        } catch {
            context.logger.error(
                "request failed: \(error)",
                metadata: ["requestId": "\(requestID)", "path": "\(request.uri.path)"])
            response =
                ContractError(
                    .internalServerError, "InternalError",
                    "The server failed. Its log says more under request id \(requestID).", target: requestID
                ).response
        }
        response.headers[contractName: "x-ms-request-id"] = requestID
        if let id = request.headers[contractName: Self.clientRequestID], id.utf8.count <= 128 {
            response.headers[contractName: Self.clientRequestID] = id
        }
        Self.measure(request, response, since: start)
        return response
    }

    private static func refusal(for error: any HTTPResponseError, to request: Request) -> ContractError {
        guard error.status == .notFound else {
            return ContractError(error.status, "RequestRefused", "The request cannot be answered: \(error.status).")
        }
        return ContractError(
            .notFound, "RouteNotFound",
            "There is nothing at \(request.method.rawValue) \(request.uri.path.prefix(256)).")
    }

    private static func measure(_ request: Request, _ response: Response, since start: ContinuousClock.Instant) {
        // The method comes from outside: only known ones become a label, so that labels stay few.
        let known: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]
        let method = known.contains(request.method) ? request.method.rawValue : "other"
        Counter(
            label: "switchboard_http_requests",
            dimensions: [("method", method), ("status", String(response.status.code))]
        ).increment()
        let elapsed = ContinuousClock.now - start
        Metrics.Timer(label: "switchboard_http_request_duration").recordNanoseconds(
            Int64(elapsed / .nanoseconds(1)))
    }
}

extension StoreError {
    /// The refusal as the contract writes it. 507 (RFC 4918 section 11.5) says what is wrong and is not repeated for
    /// minutes by official clients, as other statuses of its class are.
    fileprivate func contractError(requestID: String) -> ContractError {
        let message: String
        switch self {
        case .cannotWrite(_, let failure): message = failure.sentence + " Nothing was stored."
        case .cannotOpen, .newerSchema: message = "The server's database cannot be used."
        }
        return ContractError(
            HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "StorageUnavailable",
            message + " The server's log says more under request id \(requestID).", target: requestID)
    }
}
