internal import ProtocolCore
internal import STUN

/// A request in the hands of the server.
struct TURNRequest {
    let bytes: [UInt8]
    let message: STUNMessage
    let attributes: TURNAttributes
    let client: TURNClient
    let now: Instant
    let unixTime: Int64
}

/// Who asks, once that is certain.
struct TURNIdentity {
    let username: String
    /// The part of the name that quotas are kept by.
    let user: String
    let key: [UInt8]
}

/// Why a request is refused (RFC 8656 §19; RFC 8489 §18.4).
enum TURNError: Error, Hashable {
    /// No credentials yet.
    case challenge
    /// Credentials that are wrong or have expired.
    case unauthorized
    case badRequest(String)
    case forbidden
    case unknownAttributes([UInt16])
    case allocationMismatch
    case staleNonce
    case familyNotSupported
    case wrongCredentials
    case unsupportedTransport
    case peerFamilyMismatch
    case quotaReached
    case insufficientCapacity

    var code: Int {
        switch self {
        case .challenge, .unauthorized: 401
        case .badRequest: 400
        case .forbidden: 403
        case .unknownAttributes: 420
        case .allocationMismatch: 437
        case .staleNonce: 438
        case .familyNotSupported: 440
        case .wrongCredentials: 441
        case .unsupportedTransport: 442
        case .peerFamilyMismatch: 443
        case .quotaReached: 486
        case .insufficientCapacity: 508
        }
    }

    var reason: String {
        switch self {
        case .challenge: "Unauthenticated"
        case .unauthorized: "The credentials are wrong or have expired"
        case .badRequest(let why): why
        case .forbidden: "This peer must not be reached through the relay"
        case .unknownAttributes: "Unknown attribute"
        case .allocationMismatch: "Allocation mismatch"
        case .staleNonce: "Stale nonce"
        case .familyNotSupported: "No relayed addresses of this family"
        case .wrongCredentials: "The allocation belongs to another name"
        case .unsupportedTransport: "Only UDP is relayed"
        case .peerFamilyMismatch: "The peer is of another address family"
        case .quotaReached: "Too many allocations of this user"
        case .insufficientCapacity: "No capacity"
        }
    }

    /// Whether the answer tells realm and nonce, with which the client can try again (RFC 8489 §9.2.4).
    var needsChallenge: Bool {
        switch self {
        case .challenge, .unauthorized, .staleNonce: true
        case .badRequest, .forbidden, .unknownAttributes, .allocationMismatch, .familyNotSupported, .wrongCredentials,
            .unsupportedTransport, .peerFamilyMismatch, .quotaReached, .insufficientCapacity:
            false
        }
    }
}

/// Why a driver could not open a relay.
public enum RelayFailure: Error, Hashable, Sendable {
    /// The user has as many as it may have (486).
    case quotaReached
    /// No socket can be had (508).
    case insufficientCapacity
}
