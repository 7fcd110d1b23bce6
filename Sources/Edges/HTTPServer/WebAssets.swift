import CWebAssets
import Crypto
import Foundation
import HTTPTypes
public import Hummingbird
import NIOCore
import Store

/// The files of the web client: the demo page and the client library.
public struct WebAssets: Sendable {
    private struct File {
        /// The path under which it is served.
        let path: String
        /// Its name below `Clients/Web/dist`.
        let name: String
        let contentType: String
    }

    private struct Content {
        let bytes: ByteBuffer
        let tag: String
    }

    private static let files = [
        File(path: "/", name: "demo/index.html", contentType: "text/html; charset=utf-8"),
        File(path: "/demo.js", name: "demo/demo.js", contentType: "text/javascript; charset=utf-8"),
        File(path: "/demo.css", name: "demo/demo.css", contentType: "text/css; charset=utf-8"),
        File(
            path: "/sdk/switchboard-calling.js", name: "switchboard-calling.js",
            contentType: "text/javascript; charset=utf-8"),
        File(
            path: "/sdk/switchboard-calling.d.ts", name: "switchboard-calling.d.ts",
            contentType: "text/plain; charset=utf-8"),
    ]

    /// What a page of this server may load and use. Signalling may go to any server, media comes from cameras and
    /// connections, everything else from here.
    private static let contentSecurityPolicy =
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob: "
        + "mediastream:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'"

    private static let missingPage = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Switchboard</title>
        <h1>Switchboard is running</h1>
        <p>The demo page has not been built into this program. Run <code>make web</code>, then build and start the \
        server again.</p></html>

        """

    private let builtIn: [String: Content]
    private let folder: String?

    /// - Parameter folder: Where to read the files from at every request, instead of those built into the program.
    public init(folder: String? = nil) {
        self.folder = folder
        var contents: [String: Content] = [:]
        var index = 0
        while let name = switchboard_web_asset_at(index).name {
            let asset = switchboard_web_asset_at(index)
            if asset.count > 0, let bytes = asset.bytes {
                contents[String(cString: name)] = Self.content(
                    Array(UnsafeBufferPointer(start: bytes, count: asset.count)))
            }
            index += 1
        }
        builtIn = contents
    }

    /// Serves the files on a router.
    public func addRoutes(to router: Router<BasicRequestContext>) {
        for file in Self.files {
            let path = RouterPath(file.path)
            router.on(path, method: .get) { request, _ in response(for: file, to: request) }
            router.on(path, method: .head) { request, _ in response(for: file, to: request).createHeadResponse() }
        }
    }

    private func response(for file: File, to request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: file.contentType,
            .xContentTypeOptions: "nosniff",
            .cacheControl: "no-cache",
        ]
        if file.path.hasPrefix("/sdk/") {
            headers[.accessControlAllowOrigin] = "*"
            headers[Self.resourcePolicy] = "cross-origin"
        } else {
            headers[.contentSecurityPolicy] = Self.contentSecurityPolicy
            headers[Self.permissionsPolicy] = "camera=(self), microphone=(self), display-capture=(self)"
            headers[Self.referrerPolicy] = "no-referrer"
        }
        guard let content = content(of: file) else {
            if file.path == "/" {
                return Response(
                    status: .notFound, headers: headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: Self.missingPage)))
            }
            headers[.contentType] = "text/plain; charset=utf-8"
            let text = "\(file.path) has not been built into this program. Run 'make web', then build again.\n"
            return Response(
                status: .notFound, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
        headers[.eTag] = content.tag
        let known = request.headers[values: .ifNoneMatch].joined(separator: ",")
        if known.contains(content.tag) { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: content.bytes))
    }

    private func content(of file: File) -> Content? {
        guard let folder else { return builtIn[file.name] }
        guard let bytes = try? DataFolder.readFile(folder + "/" + file.name) else { return nil }
        return Self.content(bytes)
    }

    private static func content(_ bytes: [UInt8]) -> Content {
        let digest = SHA256.hash(data: bytes).prefix(16)
        let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return Content(bytes: ByteBuffer(bytes: bytes), tag: "\"\(hex)\"")
    }

    private static let resourcePolicy = fieldName("Cross-Origin-Resource-Policy")
    private static let permissionsPolicy = fieldName("Permissions-Policy")
    private static let referrerPolicy = fieldName("Referrer-Policy")

    private static func fieldName(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return field
    }
}
