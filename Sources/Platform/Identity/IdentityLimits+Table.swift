public import ProtocolCore

extension [Limit] {
    /// What is read of tokens, signatures and names.
    public static let identity: [Limit] = [
        Limit(
            "identity.tokenBytes", TokenIssuer.tokenBytes, "bytes", per: .request,
            counter: "switchboard_signalling_refusals_total{reason=\"unauthorized\"}",
            consequence: "The token is refused as malformed.", test: "largeHeaders"),
        Limit(
            "identity.tokenHeaderBytes", TokenIssuer.headerBytes, "bytes", per: .request,
            counter: "switchboard_signalling_refusals_total{reason=\"unauthorized\"}",
            consequence: "The token is refused as malformed.", test: "largeHeaders"),
        Limit(
            "identity.authorizationBytes", SharedKeyAuthenticator.authorizationBytes, "bytes", per: .request,
            counter: "switchboard_http_requests_total{method=\"POST\",status=\"401\"}",
            consequence: "The request is refused with 401.", test: "longAuthorization"),
        Limit(
            "identity.displayNameBytes", IdentityService.displayNameBytes, "bytes", per: .user,
            counter: "switchboard_http_requests_total{method=\"POST\",status=\"400\"}",
            consequence: "The user is not made.", test: "refusedWishesLeaveNothingBehind"),
    ]
}
