import Foundation
import HTTPTypes
import Hummingbird
import Identity
import NIOCore

/// A request to a service route: its path in parts, and its body once it is known who sent it.
struct ServiceRequest {
    /// The largest body taken, in bytes; the largest that has a use has less than 1,000. It is read before it is known
    /// who sent it, since it is signed.
    static let bodyLimit = 64 * 1_024

    let request: Request
    /// The parts of the path, percent-decoded.
    let path: [String]
    let query: String?

    init(_ request: Request) {
        self.request = request
        let target = request.head.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts[0].split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        query = parts.count == 2 ? String(parts[1]) : nil
    }

    /// Reads the whole body. The rest of a larger one is read and thrown away after the answer, so that a client that
    /// is still sending gets the answer and not a reset.
    func body() async throws -> [UInt8] {
        let tooLarge = ContractError(
            .contentTooLarge, "RequestBodyTooLarge", "A request body may have at most \(Self.bodyLimit) bytes.")
        if let length = request.headers[.contentLength].flatMap(Int.init), length > Self.bodyLimit { throw tooLarge }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= Self.bodyLimit else { throw tooLarge }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    /// Reads the body of a request that one of the server's access keys has signed.
    func authenticatedBody(_ authenticator: SharedKeyAuthenticator) async throws -> [UInt8] {
        do {
            try SharedKeyAuthenticator.checkScheme(of: request.headers[.authorization])
        } catch {
            throw Self.unauthorized(error)
        }
        let bytes = try await body()
        let headers = request.headers
        let signed = SignedRequest(
            method: request.method.rawValue,
            target: request.head.path ?? "/",
            host: request.head.authority ?? headers[contractName: "host"],
            body: bytes,
            header: { headers[contractName: $0] })
        do {
            try authenticator.verify(signed)
        } catch {
            throw Self.unauthorized(error)
        }
        return bytes
    }

    private static func unauthorized(_ refusal: AuthenticationRefusal) -> ContractError {
        ContractError(.unauthorized, "Unauthorized", refusal.sentence, innerCode: refusal.code)
    }
}
