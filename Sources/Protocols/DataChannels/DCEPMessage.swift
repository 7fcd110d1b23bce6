public import ProtocolCore
internal import SCTP

/// A message of the data channel establishment protocol (RFC 8832 §5).
public enum DCEPMessage: Hashable, Sendable {
    case open(DataChannelOpening)
    case acknowledgement

    private enum MessageType {
        static let acknowledgement: UInt8 = 0x02
        static let open: UInt8 = 0x03
    }

    /// RFC 8832 §5.1; the upper bit of a channel type means unordered.
    private enum ChannelType {
        static let reliable: UInt8 = 0x00
        static let retransmissions: UInt8 = 0x01
        static let lifetime: UInt8 = 0x02
        static let unordered: UInt8 = 0x80
    }

    private static let openHeaderSize = 12

    /// Reads a message.
    ///
    /// - Parameter largestName: how many bytes label and protocol may have each.
    public init(parsing bytes: RawSpan, largestName: Int = 65_535) throws(ParseError) {
        switch try bytes.uint8(at: 0) {
        case MessageType.acknowledgement:
            self = .acknowledgement
        case MessageType.open:
            self = .open(try Self.opening(bytes, largestName))
        default:
            throw .malformed("message type")
        }
    }

    private static func opening(_ bytes: RawSpan, _ largestName: Int) throws(ParseError) -> DataChannelOpening {
        let type = try bytes.uint8(at: 1)
        let parameter = try bytes.uint32(at: 4)
        let labelLength = Int(try bytes.uint16(at: 8))
        let protocolLength = Int(try bytes.uint16(at: 10))
        guard labelLength <= largestName else { throw .limitExceeded("label") }
        guard protocolLength <= largestName else { throw .limitExceeded("protocol") }
        let label = try bytes.array(at: openHeaderSize, count: labelLength)
        let subprotocol = try bytes.array(at: openHeaderSize + labelLength, count: protocolLength)
        guard bytes.byteCount == openHeaderSize + labelLength + protocolLength else { throw .malformed("length") }
        let reliability: MessageDelivery.Reliability
        switch type & ~ChannelType.unordered {
        case ChannelType.reliable: reliability = .reliable
        case ChannelType.retransmissions: reliability = .retransmissions(UInt16(clamping: parameter))
        case ChannelType.lifetime: reliability = .lifetime(.milliseconds(Int64(parameter)))
        default: throw .malformed("channel type")
        }
        return DataChannelOpening(
            label: String(decoding: label, as: UTF8.self), subprotocol: String(decoding: subprotocol, as: UTF8.self),
            delivery: MessageDelivery(isOrdered: type & ChannelType.unordered == 0, reliability: reliability),
            priority: try bytes.uint16(at: 2))
    }

    /// The message in bytes. A label or protocol of more than 65,535 bytes is cut.
    public var bytes: [UInt8] {
        switch self {
        case .acknowledgement:
            return [MessageType.acknowledgement]
        case .open(let opening):
            let label = opening.label.utf8.prefix(65_535)
            let subprotocol = opening.subprotocol.utf8.prefix(65_535)
            var type: UInt8
            let parameter: UInt32
            switch opening.delivery.reliability {
            case .reliable: (type, parameter) = (ChannelType.reliable, 0)
            case .retransmissions(let limit): (type, parameter) = (ChannelType.retransmissions, UInt32(limit))
            case .lifetime(let time):
                (type, parameter) = (ChannelType.lifetime, UInt32(clamping: time.nanoseconds / 1_000_000))
            }
            if !opening.delivery.isOrdered { type |= ChannelType.unordered }
            var bytes: [UInt8] = [MessageType.open, type]
            bytes.append(bigEndian: opening.priority)
            bytes.append(bigEndian: parameter)
            bytes.append(bigEndian: UInt16(label.count))
            bytes.append(bigEndian: UInt16(subprotocol.count))
            bytes += label
            bytes += subprotocol
            return bytes
        }
    }
}
