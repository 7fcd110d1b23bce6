internal import SCTP

/// Names a data channel: the number of its stream in both directions (RFC 8831 §6.4).
public struct ChannelID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static func < (lhs: ChannelID, rhs: ChannelID) -> Bool {
        lhs.rawValue < rhs.rawValue
    }

    public var description: String {
        String(rawValue)
    }

    var stream: StreamIdentifier { StreamIdentifier(rawValue) }

    init(_ stream: StreamIdentifier) {
        rawValue = stream.rawValue
    }
}

/// A message on a data channel; both kinds may be empty.
public enum ChannelData: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}

extension PayloadProtocolIdentifier {
    /// RFC 8831 §8. An empty message is sent as one byte that does not count (§6.6).
    static let establishment = PayloadProtocolIdentifier(50)
    static let text = PayloadProtocolIdentifier(51)
    static let binary = PayloadProtocolIdentifier(53)
    static let emptyText = PayloadProtocolIdentifier(56)
    static let emptyBinary = PayloadProtocolIdentifier(57)
}

extension ChannelData {
    /// Nil when the identifier is none of a data channel's messages. What is not UTF-8 in a text is replaced.
    init?(_ bytes: [UInt8], _ payloadProtocol: PayloadProtocolIdentifier) {
        switch payloadProtocol {
        case .text: self = .text(String(decoding: bytes, as: UTF8.self))
        case .binary: self = .binary(bytes)
        case .emptyText: self = .text("")
        case .emptyBinary: self = .binary([])
        default: return nil
        }
    }

    /// How it is sent.
    var encoded: (bytes: [UInt8], payloadProtocol: PayloadProtocolIdentifier) {
        switch self {
        case .text(let text): text.isEmpty ? ([0], .emptyText) : (Array(text.utf8), .text)
        case .binary(let bytes): bytes.isEmpty ? ([0], .emptyBinary) : (bytes, .binary)
        }
    }
}
