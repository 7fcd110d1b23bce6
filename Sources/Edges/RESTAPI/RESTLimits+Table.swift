public import ProtocolCore

extension [Limit] {
    /// What is read of REST requests.
    public static let restAPI: [Limit] = [
        Limit(
            "rest.bodyBytes", ServiceRequest.bodyLimit, "bytes", per: .request,
            counter: "switchboard_http_requests_total{method=\"POST\",status=\"413\"}",
            consequence: "The request is refused with 413.", test: "oversizedBodyIsRefusedWithoutReadingAll"),
        Limit(
            "rest.leaveBodyBytes", LeaveRoute.bodyLimit, "bytes", per: .request,
            counter: "switchboard_http_requests_total{method=\"POST\",status=\"400\"}",
            consequence: "The request is refused with 400.", test: "malformed"),
        Limit(
            "identity.issueLimit", 1_000, "identities and tokens in 30 seconds", per: .server,
            setting: "identity.issueLimit", counter: "switchboard_http_requests_total{method=\"POST\",status=\"429\"}",
            consequence: "The request is refused with 429 and Retry-After.", test: "tooManyRequests"),
        Limit(
            "identity.revokeLimit", 500, "deletions and revocations in 30 seconds", per: .server,
            setting: "identity.revokeLimit", counter: "switchboard_http_requests_total{method=\"POST\",status=\"429\"}",
            consequence: "The request is refused with 429 and Retry-After.", test: "tooManyRequests"),
        Limit(
            "rest.leaveRate", LeaveRoute.requestsPerPeriod, "requests in 10 seconds", per: .server,
            counter: "switchboard_http_requests_total{method=\"POST\",status=\"429\"}",
            consequence: "The request is refused with 429 and Retry-After.", test: "rate"),
    ]
}
