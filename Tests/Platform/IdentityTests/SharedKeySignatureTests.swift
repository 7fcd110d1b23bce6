import Foundation
import Testing

@testable import Identity

/// Signatures in this file were computed with Python's hmac module.
@Suite struct SharedKeySignatureTests {
    static let keys = AccessKeys(primary: Array(0..<64), secondary: Array(64..<128))
    static let dateText = "Tue, 24 Nov 2026 10:00:00 GMT"
    static let now = Date(timeIntervalSince1970: 1_795_514_400)
    static let body = Array(#"{"createTokenWithScopes":["voip"]}"#.utf8)
    static let bodyHash = "k4k9IoKBLYipoiXK3LctfBcfghISSb6AI45ji7ILZfg="
    static let usual = "x-ms-date;host;x-ms-content-sha256"
    static let createTarget = "/identities?api-version=2023-10-01"
    static let issueTarget =
        "/identities/8%3Aacs%3A11111111-2222-3333-4444-555555555555_66666666-7777-8888-9999-aaaaaaaaaaaa"
        + "/:issueAccessToken?api-version=2023-10-01"

    func verify(
        _ signature: String, target: String = createTarget, host: String? = "localhost:8443",
        authorities: [String] = ["localhost:8443"], signedHeaders: String = usual, hash: String = bodyHash,
        date: String? = dateText, body: [UInt8] = body, now: Date = now, authorization: String? = nil
    ) throws {
        var headers = [
            "authorization": authorization ?? "HMAC-SHA256 SignedHeaders=\(signedHeaders)&Signature=\(signature)",
            "x-ms-content-sha256": hash,
        ]
        headers["x-ms-date"] = date
        let request = SignedRequest(method: "POST", target: target, host: host, body: body) { [headers] in headers[$0] }
        try SharedKeyAuthenticator(keys: Self.keys, authorities: authorities, now: { now }).verify(request)
    }

    static let good = "+gVV+VV4T77N4X/f6Pd1EwlzKQ7+ySO7xcjowUA1qHo="

    @Test func primaryKey() throws { try verify(Self.good) }

    @Test func secondaryKey() throws { try verify("zcsRL2g2+U9EGKe40f8VO63p8bdpRNu4ZLujTAalxY8=") }

    @Test func emptyBody() throws {
        try verify(
            "JPTLsdN+Mr3+Npc8gB9JzZimu1szK3sS5Ht95qSqEf0=",
            hash: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", body: [])
    }

    @Test func percentEncodedTarget() throws {
        try verify("egKKAV5lTTi01R5FHRak4ENp51xcUhvV2rP5wVaei7Q=", target: Self.issueTarget)
    }

    @Test func percentDecodedTarget() throws {
        try verify("uCzrOe6DwgGyWhjrzx3JE5NjL4JgZXfEUwinUeZZu3k=", target: Self.issueTarget)
    }

    @Test func hostWithTrailingSlash() throws { try verify("6VU/tpmzLStgGf/eYlbrrqSqlbVQysoldqdLMZ73B2Y=") }

    @Test func knownAuthorityThatIsNotTheHostHeader() throws {
        let signature = "zX0ujfwGTpt7IzNIrg9iY2pAjIC+fkpO+ajuqC9Rgqw="
        try verify(signature, host: "10.1.1.1:8443", authorities: ["localhost:8443", "calls.example.com"])
        #expect(throws: AuthenticationRefusal.signatureMismatch) { try verify(signature, host: "10.1.1.1:8443") }
    }

    @Test func hostHeaderThatIsNotAKnownAuthority() throws {
        let signature = "QWslf9b/Vmms2yO8PH2cbNA63q7JTu6fTm/gEbtcTFg="
        try verify(signature, host: "10.0.0.7:8443")
        #expect(throws: AuthenticationRefusal.signatureMismatch) { try verify(signature, host: nil) }
    }

    @Test func signedHeadersInAnotherOrder() throws {
        try verify(
            "j+armefVyKT5vvyimnfogdq91mF1Lw8HvWi1g/u2IZc=", signedHeaders: "host;x-ms-content-sha256;x-ms-date")
    }

    @Test func headerNamesAreCaseInsensitive() throws {
        try verify(
            Self.good,
            authorization: "hmac-sha256 signedheaders=X-MS-Date;Host;X-MS-Content-SHA256&signature=\(Self.good)")
    }

    @Test(arguments: [-300.0, 300.0]) func insideTheTimeWindow(offset: Double) throws {
        try verify(Self.good, now: Self.now.addingTimeInterval(offset))
    }

    @Test(arguments: [-301.0, 301.0]) func outsideTheTimeWindow(offset: Double) throws {
        let now = Self.now.addingTimeInterval(offset)
        #expect(
            throws: AuthenticationRefusal.outsideTimeWindow(date: Self.dateText, serverTime: HTTPDate.format(now))
        ) { try verify(Self.good, now: now) }
    }

    @Test func alteredRequestIsRefused() {
        #expect(throws: AuthenticationRefusal.signatureMismatch) {
            try verify(Self.good, target: "/identities?api-version=2022-10-01")
        }
        #expect(throws: AuthenticationRefusal.contentHashMismatch) { try verify(Self.good, body: Array("{}".utf8)) }
        #expect(throws: AuthenticationRefusal.signatureMismatch) {
            try verify(Self.good, hash: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", body: [])
        }
        #expect(throws: AuthenticationRefusal.signatureMismatch) {
            try verify("AAAA" + Self.good.dropFirst(4))
        }
    }

    @Test(arguments: ["x-ms-date", "host", "x-ms-content-sha256"]) func everyHeaderMustBeSigned(name: String) {
        let rest = Self.usual.split(separator: ";").filter { $0 != name }.joined(separator: ";")
        #expect(throws: AuthenticationRefusal.notSigned(header: name)) {
            try verify(Self.good, signedHeaders: rest)
        }
    }

    @Test func dateMustBeThereAndReadable() {
        #expect(throws: AuthenticationRefusal.notSigned(header: "x-ms-date")) { try verify(Self.good, date: nil) }
        #expect(throws: AuthenticationRefusal.malformedDate("2026-11-24T10:00:00Z")) {
            try verify(Self.good, date: "2026-11-24T10:00:00Z")
        }
    }

    @Test func signedHeaderThatIsNotSent() {
        #expect(throws: AuthenticationRefusal.notSigned(header: "x-other")) {
            try verify(Self.good, signedHeaders: Self.usual + ";x-other")
        }
    }

    @Test func longAuthorization() throws {
        let padded = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=\(Self.good)&x="
        let room = SharedKeyAuthenticator.authorizationBytes - padded.utf8.count
        try verify(Self.good, authorization: padded + String(repeating: "x", count: room))
        #expect(throws: AuthenticationRefusal.malformed) {
            try verify(Self.good, authorization: padded + String(repeating: "x", count: room + 1))
        }
    }

    @Test func refusalsRepeatLittleOfWhatTheyRefuse() {
        let long = String(repeating: "x", count: 10_000)
        for refusal in [
            AuthenticationRefusal.malformedDate(long), .notSigned(header: long),
            .outsideTimeWindow(date: long, serverTime: ""),
        ] {
            #expect(refusal.sentence.utf8.count < 200)
        }
    }

    @Test func bearerIsNamed() {
        #expect(throws: AuthenticationRefusal.bearer) { try verify("", authorization: "Bearer abc") }
        #expect(throws: AuthenticationRefusal.bearer) { try verify("", authorization: "bearer") }
    }

    @Test func anyCutOfTheHeaderIsRefusedAndNeverTraps() {
        let whole = "HMAC-SHA256 SignedHeaders=\(Self.usual)&Signature=\(Self.good)"
        for length in 0..<whole.count {
            #expect(throws: AuthenticationRefusal.self) {
                try verify("", authorization: String(whole.prefix(length)))
            }
        }
        for text in [" ", "   ", "&", "=", "HMAC-SHA256 ", "HMAC-SHA256 &&&", "HMAC-SHA256 Signature"] {
            #expect(throws: AuthenticationRefusal.self) { try verify("", authorization: text) }
        }
    }

    @Test func signerAndVerifierAgree() throws {
        let connection = ConnectionString(authority: "localhost:8443", accessKey: Array(0..<64))
        let headers = SharedKeySigner(connection).headers(
            method: "POST", target: Self.createTarget, body: Self.body, date: Self.now)
        #expect(headers.map(\.value).last?.hasSuffix("Signature=" + Self.good) == true)
    }
}
