import Foundation
import HTTPTypes
public import Hummingbird
import NIOCore

/// Whether the server takes new work.
public enum Readiness: String, Sendable, Equatable {
    /// It is still being put together.
    case starting
    /// It takes calls.
    case ready
    /// It is about to stop: no new calls.
    case draining
}

/// Routes for those who run the server: health, readiness, measurements, and the keys of its tokens.
public struct OperationsRoutes: Sendable {
    private let readiness: @Sendable () -> Readiness
    private let impediment: @Sendable () -> String?
    private let metricsText: @Sendable () -> String
    private let keySetJSON: String

    /// - Parameters:
    ///   - impediment: Why a server that is up cannot do its work at present, in a sentence; nil when it can.
    ///   - metricsText: All measurements in the Prometheus text format.
    ///   - keySetJSON: The JSON Web Key Set of user access tokens.
    public init(
        readiness: @escaping @Sendable () -> Readiness, impediment: @escaping @Sendable () -> String? = { nil },
        metricsText: @escaping @Sendable () -> String,
        keySetJSON: String
    ) {
        self.readiness = readiness
        self.impediment = impediment
        self.metricsText = metricsText
        self.keySetJSON = keySetJSON
    }

    /// Adds `/healthz`, `/readyz`, `/metrics` and `/.well-known/jwks.json`.
    public func addRoutes(to router: Router<BasicRequestContext>) {
        router.get("/healthz") { _, _ in Self.text("ok\n", status: .ok) }
        router.get("/readyz") { _, _ in
            let state = readiness()
            if state == .ready, let reason = impediment() {
                return Self.text("not ready: \(reason)\n", status: .serviceUnavailable)
            }
            return Self.text(state.rawValue + "\n", status: state == .ready ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            Self.text(metricsText(), status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("/.well-known/jwks.json") { _, _ in
            var response = Response(jsonBytes: keySetJSON.utf8, status: .ok)
            response.headers[.accessControlAllowOrigin] = "*"
            response.headers[.cacheControl] = "public, max-age=300"
            return response
        }
    }

    private static func text(
        _ text: String, status: HTTPResponse.Status, contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
