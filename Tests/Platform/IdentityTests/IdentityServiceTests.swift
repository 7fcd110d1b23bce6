import Foundation
import Store
import Synchronization
import TestSupport
import Testing

@testable import Identity

@Suite struct IdentityServiceTests {
    /// Making an RSA key takes long enough to share one.
    static let key = Result { try TokenSigningKey() }
    static let resourceID = "11111111-2222-3333-4444-555555555555"
    static let start = Date(timeIntervalSince1970: 1_795_514_400.75)

    let temporary: TemporaryFolder
    let database: StoreDatabase
    let issuer: TokenIssuer
    let time = TestTime(start)
    let service: IdentityService
    let verifier: TokenVerifier

    init() async throws {
        temporary = try TemporaryFolder()
        database = try StoreDatabase(path: temporary.path + "/switchboard.db")
        issuer = try await TokenIssuer(key: Self.key.get(), resourceID: Self.resourceID)
        service = IdentityService(issuer: issuer, users: database.users, now: { [time] in time.now })
        verifier = TokenVerifier(issuer: issuer, users: database.users, now: { [time] in time.now })
    }

    static func json(_ part: Substring) throws -> [String: Any] {
        // As official clients read it: the standard alphabet, no replacement of characters.
        let padded = part + String(repeating: "=", count: (4 - part.count % 4) % 4)
        let data = try #require(Data(base64Encoded: String(padded)))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test(
        "A token whose header is not ours is refused before anything reads it, whatever it holds",
        arguments: [
            #"{"alg":"RS256","x":1e300}"#, #"{"alg":"RS256","x":-1e300}"#, #"{"alg":"RS256","x":9223372036854775808}"#,
            #"{"alg":"RS256","x":null}"#, #"{"alg":"RS256","x":true}"#, #"{"alg":"RS256","x":{}}"#, "[]", "7", "",
            "{",
        ])
    func hostileHeaders(header: String) async throws {
        let token = Base64URL.encode(header.utf8) + ".e30." + Base64URL.encode([UInt8](repeating: 0, count: 256))
        await #expect(throws: TokenRejection.malformed) { try await verifier.verify(token) }
    }

    @Test("A header deeper or longer than ours")
    func largeHeaders() async throws {
        let deep =
            #"{"alg":"RS256","x":"# + String(repeating: "[", count: 1_000)
            + String(repeating: "]", count: 1_000) + "}"
        let long = #"{"alg":"RS256","x":""# + String(repeating: "x", count: 5_000) + #""}"#
        for header in [deep, long, String(repeating: "a", count: 250_000)] {
            let token = Base64URL.encode(header.utf8) + ".e30.AA"
            await #expect(throws: TokenRejection.malformed) { try await verifier.verify(token) }
        }
    }

    @Test func tokenHasTheClaimsOfTheContract() async throws {
        let (userID, created) = try await service.create(displayName: "Zoë ~>?", scopes: ["voip", "chat", "voip"])
        let token = try #require(created)
        #expect(userID.hasPrefix("8:acs:\(Self.resourceID)_"))
        let parts = token.token.split(separator: ".")
        try #require(parts.count == 3)
        #expect(parts[1].utf8.allSatisfy { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") })
        let claims = try Self.json(parts[1])
        #expect(claims["skypeid"] as? String == String(userID.dropFirst(2)))
        #expect(claims["scp"] as? Int == 1792)
        #expect(claims["acsScope"] as? String == "voip,chat")
        #expect(claims["resourceId"] as? String == Self.resourceID)
        #expect(claims["iat"] as? Int == 1_795_514_400)
        #expect(claims["exp"] as? Int == 1_795_514_400 + 86400)
        #expect(claims["csi"] as? String == "1795514400")
        let header = try Self.json(
            Substring(parts[0].replacing("-", with: "+").replacing("_", with: "/")))
        #expect(header["alg"] as? String == "RS256")
        #expect(header["typ"] as? String == "JWT")
        #expect(header["kid"] as? String == (try Self.key.get().identifier))
        #expect(token.expiresOn == Date(timeIntervalSince1970: 1_795_600_800))
    }

    @Test func verifiedTokenSaysWhoAndWhat() async throws {
        let (userID, token) = try await service.create(displayName: "Zoë", scopes: ["voip.join"], minutes: 60)
        let verified = try await verifier.verify(try #require(token).token)
        #expect(
            verified
                == VerifiedToken(
                    userID: userID, displayName: "Zoë", scopes: ["voip.join"],
                    expiresOn: Date(timeIntervalSince1970: 1_795_518_000),
                    issuedAt: Date(timeIntervalSince1970: 1_795_514_400)))
    }

    @Test func tokenEndsWithItsTime() async throws {
        let (_, token) = try await service.create(scopes: ["voip"], minutes: 60)
        let text = try #require(token).token
        time.now = Date(timeIntervalSince1970: 1_795_517_999.9)
        _ = try await verifier.verify(text)
        time.now = Date(timeIntervalSince1970: 1_795_518_000)
        await #expect(throws: TokenRejection.expired(on: time.now)) { try await verifier.verify(text) }
    }

    @Test func revocationHoldsWithinTheSameInstant() async throws {
        let (userID, first) = try await service.create(scopes: ["voip"])
        let old = try #require(first).token
        let ended = Mutex<[String]>([])
        service.onRevoked { userID in ended.withLock { $0.append(userID) } }
        try await service.revokeTokens(userID: userID)
        #expect(ended.withLock { $0 } == [userID])
        let new = try await service.issueToken(userID: userID, scopes: ["voip"])
        await #expect(throws: TokenRejection.revoked) { try await verifier.verify(old) }
        #expect(try await verifier.verify(new.token).userID == userID)
    }

    @Test func deletedUserIsGone() async throws {
        let (userID, created) = try await service.create(scopes: ["voip"])
        let token = try #require(created).token
        let ended = Mutex<[String]>([])
        service.onRevoked { userID in ended.withLock { $0.append(userID) } }
        try await service.delete(userID: userID)
        try await service.delete(userID: userID)
        #expect(ended.withLock { $0.first } == userID)
        await #expect(throws: TokenRejection.unknownUser) { try await verifier.verify(token) }
        await #expect(throws: IdentityError.userNotFound(userID)) {
            try await service.issueToken(userID: userID, scopes: ["voip"])
        }
        await #expect(throws: IdentityError.userNotFound(userID)) { try await service.revokeTokens(userID: userID) }
    }

    @Test func tokenOfAnotherServerIsRefused() async throws {
        let (_, token) = try await service.create(scopes: ["voip"])
        let text = try #require(token).token
        let otherKey = try await TokenIssuer(key: TokenSigningKey(), resourceID: Self.resourceID)
        await #expect(throws: TokenRejection.badSignature) {
            try await TokenVerifier(issuer: otherKey, users: database.users).verify(text)
        }
        let otherResource = try await TokenIssuer(
            key: Self.key.get(), resourceID: "99999999-2222-3333-4444-555555555555")
        await #expect(throws: TokenRejection.unknownUser) {
            try await TokenVerifier(issuer: otherResource, users: database.users, now: { Self.start }).verify(text)
        }
    }

    @Test func alteredAndCutTokensAreRejected() async throws {
        let (_, token) = try await service.create(scopes: ["voip"])
        let text = try #require(token).token
        for length in stride(from: 0, to: text.count, by: 7) {
            await #expect(throws: TokenRejection.self) { try await verifier.verify(String(text.prefix(length))) }
        }
        let parts = text.split(separator: ".").map(String.init)
        let forged = Base64URL.encode(Array(#"{"skypeid":"acs:x","exp":9999999999}"#.utf8))
        for other in [
            "", "..", "a.b.c", "\(parts[0]).\(forged).\(parts[2])", "\(parts[0]).\(parts[1]).",
            Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(parts[1]).",
            Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)) + ".\(parts[1]).\(parts[2])",
            String(repeating: "a", count: 100_000),
        ] {
            await #expect(throws: TokenRejection.self) { try await verifier.verify(other) }
        }
    }

    @Test func refusedWishesLeaveNothingBehind() async throws {
        await #expect(throws: IdentityError.unknownScope("all")) { try await service.create(scopes: ["voip", "all"]) }
        await #expect(throws: IdentityError.noScopes) { try await service.create(scopes: []) }
        await #expect(throws: IdentityError.lifeOutOfRange(minutes: 59)) {
            try await service.create(scopes: ["voip"], minutes: 59)
        }
        await #expect(throws: IdentityError.lifeOutOfRange(minutes: 1441)) {
            try await service.create(scopes: ["voip"], minutes: 1441)
        }
        let heavy = "a" + String(repeating: "\u{301}", count: 1_000)
        await #expect(throws: IdentityError.displayNameBytes(2_001)) { try await service.create(displayName: heavy) }
        await #expect(throws: IdentityError.displayNameLength(0)) { try await service.create(displayName: "") }
        await #expect(throws: IdentityError.displayNameLength(257)) {
            try await service.create(displayName: String(repeating: "ä", count: 257))
        }
        #expect(try await database.users.count() == 0)
    }

    @Test(arguments: ["", "4:+14255550100", "8:acs:x_y", "8:acs:11111111-2222-3333-4444-555555555555", "8:orgid:a"])
    func otherIdentifiersAreRefused(id: String) async throws {
        await #expect(throws: IdentityError.malformedUserID(id)) { try await service.revokeTokens(userID: id) }
    }

    @Test func keysOfTheDataFolderStay() throws {
        let folder = try DataFolder.openForServer(at: temporary.path)
        let first = try TokenSigningKey.loadOrCreate(in: folder)
        #expect(try TokenSigningKey.loadOrCreate(in: folder).identifier == first.identifier)
        #expect(try temporary.mode(of: "keys/token-signing-key.pem") == 0o600)
        let keys = try AccessKeys.loadOrCreate(in: folder)
        #expect(try AccessKeys.loadOrCreate(in: folder).primaryBase64 == keys.primaryBase64)
        #expect(try temporary.mode(of: "keys/access-key-primary") == 0o600)
        #expect(try temporary.mode(of: "keys/access-key-secondary") == 0o600)
        try folder.replace("keys/token-signing-key.pem", with: "rubbish")
        try folder.replace("keys/access-key-primary", with: "rubbish")
        #expect(throws: DataFolderError.self) { try TokenSigningKey.loadOrCreate(in: folder) }
        #expect(throws: DataFolderError.self) { try AccessKeys.loadOrCreate(in: folder) }
    }

    @Test func keySetHoldsThePublicKeyOnly() throws {
        let text = try Self.key.get().keySetJSON
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let keys = try #require(object["keys"] as? [[String: String]])
        #expect(keys.count == 1)
        #expect(Set(keys[0].keys) == ["kty", "use", "alg", "kid", "x5t", "n", "e"])
        #expect(keys[0]["e"] == "AQAB")
    }
}

/// A time that a test sets.
final class TestTime: Sendable {
    private let current: Mutex<Date>

    init(_ date: Date) { current = Mutex(date) }

    var now: Date {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
