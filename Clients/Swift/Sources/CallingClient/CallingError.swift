/// The error that every function of the library throws.
public struct CallingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Reads like an HTTP status: 4xx is about the request, 5xx about the server.
    public let code: Int
    /// Tells errors of one code apart; 0 when there is nothing to tell apart.
    public let subCode: Int
    /// A stable word, such as `callNotFound`.
    public let reason: String
    /// A sentence for a person.
    public let message: String
    /// The id the error concerns: of a call, a participant or a message member.
    public let target: String?

    public init(code: Int, subCode: Int, reason: String, message: String, target: String? = nil) {
        self.code = code
        self.subCode = subCode
        self.reason = reason
        self.message = message
        self.target = target
    }

    /// The errors that the library itself finds, before or without the server.
    enum Kind: String {
        case invalidArgument
        case connectionFailed
        case connectionLost
        case agentDisposed
        case callEnded
        case mediaNegotiationFailed
        case videoAlreadyOn
        case messageNotDelivered
        case protocolViolation

        var code: Int {
            switch self {
            case .invalidArgument, .videoAlreadyOn: 400
            case .messageNotDelivered: 409
            case .agentDisposed: 412
            case .callEnded, .mediaNegotiationFailed: 410
            case .connectionFailed, .connectionLost: 490
            case .protocolViolation: 500
            }
        }
    }

    init(_ kind: Kind, _ message: String, target: String? = nil) {
        self.init(
            code: kind.code, subCode: kind == .mediaNegotiationFailed ? 3100 : 0, reason: kind.rawValue,
            message: message, target: target)
    }

    init(_ wire: Wire.Failure.Body) {
        self.init(
            code: wire.code, subCode: wire.subCode, reason: wire.reason, message: wire.message, target: wire.target)
    }

    public var description: String {
        "\(message) (\(code)/\(subCode) \(reason))"
    }
}

/// Why a call ended, or why a participant left it.
public struct CallEndReason: Hashable, Sendable {
    /// 0 for a normal end, otherwise like an HTTP or SIP status: 487 cancelled, 603 declined, 490 network lost.
    public let code: Int
    /// Tells reasons of one code apart.
    public let subCode: Int
    /// A sentence for a person.
    public let message: String

    public init(code: Int, subCode: Int, message: String = "") {
        self.code = code
        self.subCode = subCode
        self.message = message
    }

    init(_ wire: Wire.Reason) {
        self.init(code: wire.code, subCode: wire.subCode, message: wire.message ?? "")
    }
}
