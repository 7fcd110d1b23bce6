import JWTKit

/// The claims of a user access token.
///
/// Every value is ASCII and free of `~`, `>` and `?`: official client libraries read the payload with the standard
/// base64 alphabet, in which those characters would come out differently.
struct TokenClaims: JWTPayload, Equatable {
    /// The raw id of the user without its leading `8:`.
    var skypeid: String
    /// The numeric form of the scopes that official clients expect to find.
    var scp: Int
    /// The issue time in seconds since 1970, as text.
    var csi: String
    var iat: Int
    var exp: Int
    var rgn: String
    /// The scopes as words, separated by commas.
    var acsScope: String
    /// The GUID of the server.
    var resourceId: String
    var resourceLocation: String
    /// Which generation of the user's tokens this one belongs to. Revoking starts a new generation, so that a token
    /// is known to be older or newer than a revocation exactly, however close in time.
    var tokenGeneration: Int64

    /// Times and generations are checked by `TokenVerifier`, which is told the time.
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
