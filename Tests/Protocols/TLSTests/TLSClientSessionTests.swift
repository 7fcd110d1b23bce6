import NIOSSL
import SwiftASN1
import TLS
import Testing
import X509

@Suite("TLS client")
struct TLSClientSessionTests {
    static let name = "turn.example.com"
    static let names: [GeneralName] = [
        .dnsName(name), .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])),
        .ipAddress(ASN1OctetString(contentBytes: [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1])),
    ]

    private let server: TLSServer

    init() throws {
        server = try TLSServer(names: Self.names)
    }

    private func session(
        trusting roots: [[UInt8]]? = nil, checks: Bool = true, name: String = Self.name, after seconds: Int64 = 0
    ) throws -> TLSClientSession {
        let context = try TLSClientContext(roots: roots ?? [server.certificate], checksCertificates: checks)
        return try TLSClientSession(context, name: name, unixTime: TLSServer.unixTime + seconds)
    }

    /// Lets both talk until there is nothing more to say; what the client has heard.
    @discardableResult
    private func run(_ client: TLSClientSession, with server: TLSServer, pieces: Int = .max) throws -> [UInt8] {
        var heard: [UInt8] = []
        for _ in 0..<20 {
            var bytes: [UInt8] = []
            client.takeOutbound(into: &bytes)
            let answer = try server.exchange(bytes)
            if bytes.isEmpty, answer.isEmpty { break }
            for start in stride(from: 0, to: answer.count, by: min(pieces, max(answer.count, 1))) {
                let piece = Array(answer[start..<min(answer.count, start + min(pieces, answer.count))])
                heard += try client.receive(piece)
            }
        }
        return heard
    }

    @Test("Talks to a server in both versions", arguments: [TLSVersion.tlsv12, .tlsv13])
    func talks(version: TLSVersion) throws {
        let server = try TLSServer(names: Self.names, version: version)
        let client = try session(trusting: [server.certificate])
        try client.start()
        try client.send([1, 2, 3])
        #expect(!client.isConnected)
        #expect(try run(client, with: server) == [1, 2, 3, 1, 2, 3])
        #expect(client.isConnected)
        try client.send([4])
        #expect(try run(client, with: server) == [4, 4])
        _ = try client.receive(server.close())
        #expect(client.isClosed)
    }

    @Test("Bytes may come one at a time")
    func dripFeed() throws {
        let client = try session()
        try client.start()
        try client.send([9])
        #expect(try run(client, with: server, pieces: 1) == [9, 9])
    }

    @Test("A large message comes whole")
    func large() throws {
        let client = try session()
        try client.start()
        let message = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        try client.send(message)
        #expect(try run(client, with: server) == message + message)
    }

    @Test("The certificate may name an address", arguments: ["192.0.2.1", "2001:db8::1"])
    func address(name: String) throws {
        let client = try session(name: name)
        try client.start()
        try run(client, with: server)
        #expect(client.isConnected)
    }

    @Test(
        "A certificate of another name or address is refused",
        arguments: ["example.com", "turn.example.org", "192.0.2.2", "2001:db8::2"])
    func otherName(name: String) throws {
        let client = try session(name: name)
        try client.start()
        expectRefused { _ = try run(client, with: server) }
        #expect(!client.isConnected)
    }

    @Test("A certificate that nobody vouches for is refused")
    func untrusted() throws {
        let client = try session(trusting: [])
        try client.start()
        expectRefused { _ = try run(client, with: server) }
        let stranger = try TLSServer(names: Self.names)
        let other = try session(trusting: [server.certificate])
        try other.start()
        expectRefused { _ = try run(other, with: stranger) }
    }

    @Test("A certificate is good at its time alone", arguments: [86_500, -7_200] as [Int64])
    func otherTime(seconds: Int64) throws {
        let client = try session(after: seconds)
        try client.start()
        expectRefused { _ = try run(client, with: server) }
    }

    @Test("Unchecked, any certificate does")
    func unchecked() throws {
        let client = try session(trusting: [], checks: false, name: "other.example", after: 1 << 32)
        try client.start()
        try run(client, with: server)
        #expect(client.isConnected)
    }

    @Test("Roots are counted, and what is no certificate is passed over")
    func roots() throws {
        let text = Array("# a comment\n".utf8) + server.certificate + server.certificate
        #expect(try TLSClientContext(roots: [text, Array("nothing".utf8), []]).rootCount == 2)
    }

    @Test("What is no TLS ends the session with an error, wherever it is cut")
    func garbage() throws {
        let client = try session()
        try client.start()
        var hello: [UInt8] = []
        client.takeOutbound(into: &hello)
        let answer = try server.exchange(hello)
        for end in stride(from: 0, to: answer.count, by: 7) {
            let other = try session()
            try other.start()
            #expect(throws: TLSError.self) {
                _ = try other.receive(Array(answer[..<end]))
                _ = try other.receive(Array(repeating: UInt8(0xff), count: 20_000))
            }
            #expect(!other.isConnected)
        }
    }

    private func expectRefused(_ body: () throws -> Void) {
        do {
            try body()
            Issue.record("the certificate was taken")
        } catch TLSError.certificateRefused {
            // As it should be.
        } catch {
            Issue.record("\(error)")
        }
    }
}

extension TLSClientSession {
    fileprivate func receive(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        let span = bytes.span
        return try receive(span.bytes)
    }

    fileprivate func send(_ bytes: [UInt8]) throws(TLSError) {
        let span = bytes.span
        try send(span.bytes)
    }
}
