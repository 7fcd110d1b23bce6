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
    private let metrics: Metrics?
    private let keySetJSON: String

    /// The measurements, and who may read them.
    public struct Metrics: Sendable {
        /// All measurements in the Prometheus text format.
        var text: @Sendable () -> String
        /// Whether a request that a proxy has passed on is answered too. Such a one comes from this machine, and yet from
        /// anybody.
        var answersProxies: Bool

        public init(answersProxies: Bool, text: @escaping @Sendable () -> String) {
            self.answersProxies = answersProxies
            self.text = text
        }
    }

    /// - Parameters:
    ///   - impediment: Why a server that is up cannot do its work at present, in a sentence; nil when it can.
    ///   - metrics: What `/metrics` tells; nil when there is none here.
    ///   - keySetJSON: The JSON Web Key Set of user access tokens.
    public init(
        readiness: @escaping @Sendable () -> Readiness, impediment: @escaping @Sendable () -> String? = { nil },
        metrics: Metrics?, keySetJSON: String
    ) {
        self.readiness = readiness
        self.impediment = impediment
        self.metrics = metrics
        self.keySetJSON = keySetJSON
    }

    /// Adds `/healthz`, `/readyz`, `/metrics` and `/.well-known/jwks.json`.
    public func addRoutes(to router: Router<BasicRequestContext>) {
        Self.serve("/healthz", on: router) { _ in Self.text("ok\n", status: .ok) }
        Self.serve("/readyz", on: router) { _ in
            let state = readiness()
            if state == .ready, let reason = impediment() {
                return Self.text("not ready: \(reason)\n", status: .serviceUnavailable)
            }
            return Self.text(state.rawValue + "\n", status: state == .ready ? .ok : .serviceUnavailable)
        }
        if let metrics {
            Self.serve("/metrics", on: router) { request in
                guard metrics.answersProxies || !Self.isFromProxy(request) else {
                    return Self.text("/metrics is not for the public; see metrics.bind\n", status: .forbidden)
                }
                return Self.text(
                    metrics.text(), status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8")
            }
        }
        Self.serve("/.well-known/jwks.json", on: router) { _ in
            var response = Response(jsonBytes: keySetJSON.utf8, status: .ok)
            response.headers[.accessControlAllowOrigin] = "*"
            response.headers[.cacheControl] = "public, max-age=300"
            return response
        }
    }

    /// Answers GET, and HEAD as what GET would say of its answer (RFC 9110 section 9.3.2).
    private static func serve(
        _ path: RouterPath, on router: Router<BasicRequestContext>, answer: @escaping @Sendable (Request) -> Response
    ) {
        router.get(path) { request, _ in answer(request) }
        router.on(path, method: .head) { request, _ in answer(request).createHeadResponse() }
    }

    /// RFC 7239, and the names in use before it.
    private static func isFromProxy(_ request: Request) -> Bool {
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via"].contains { name in
            HTTPField.Name(name).map { request.headers[$0] != nil } ?? false
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
