public import ProtocolCore
public import SCTP

/// One message between a client and the server on a data channel: to whom in the call it belongs, besides what it says.
///
/// ```
///  client to server          server to client
///  0  version (1)            0  version (1)
///  1  0                      1  length of the sender's name
///  2  channel                2  channel
///  4  sequence number        4  sequence number
///  8  payload                8  sender's name, payload
/// ```
/// See *Data channels* in `docs/protocol.md`.
public struct DataEnvelope: Hashable, Sendable {
    /// What the first byte says.
    public static let version: UInt8 = 1
    /// The largest payload, in bytes, as clients of the mirrored SDK expect it.
    public static let largestPayload = 32_768
    static let headerLength = 8

    /// Which of a sender's channels; 0 is none.
    public var channel: UInt16
    /// Chosen by the sender, so that receivers see what they missed.
    public var sequence: UInt32
    /// The participant who sent it; empty on the way to the server.
    public var sender: String
    public var payload: [UInt8]

    /// - Parameter sender: At most 255 bytes of UTF-8.
    public init(channel: UInt16, sequence: UInt32, sender: String = "", payload: [UInt8]) {
        self.channel = channel
        self.sequence = sequence
        self.sender = sender
        self.payload = payload
    }

    public init(parsing bytes: RawSpan) throws(ParseError) {
        guard try bytes.uint8(at: 0) == Self.version else { throw .malformed("data envelope version") }
        let nameLength = Int(try bytes.uint8(at: 1))
        channel = try bytes.uint16(at: 2)
        guard channel != 0 else { throw .malformed("data envelope channel") }
        sequence = try bytes.uint32(at: 4)
        let name = try bytes.array(at: Self.headerLength, count: nameLength)
        guard let sender = String(validating: name, as: UTF8.self) else { throw .malformed("data envelope sender") }
        self.sender = sender
        let start = Self.headerLength + nameLength
        guard bytes.byteCount - start <= Self.largestPayload else { throw .malformed("data envelope payload") }
        payload = try bytes.array(at: start, count: bytes.byteCount - start)
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        let name = Array(sender.utf8.prefix(255))
        bytes.reserveCapacity(Self.headerLength + name.count + payload.count)
        bytes.append(Self.version)
        bytes.append(UInt8(name.count))
        bytes.append(bigEndian: channel)
        bytes.append(bigEndian: sequence)
        bytes += name
        bytes += payload
        return bytes
    }
}

/// What the server says of a durable message of a client that wants to know: that it was taken, or why not.
///
/// ```
///  0  version (1)
///  1  0: nobody has sent it
///  2  channel
///  4  sequence number of the message
///  8  nothing when it was taken, or a word that says why it was not
/// ```
public struct DataReceipt: Hashable, Sendable {
    /// The protocol with which a client opens its durable channel to get receipts (RFC 8832 §5.1).
    public static let subprotocol = "receipts"

    /// Why a message does not reach everybody whom it is for.
    public enum Refusal: String, Hashable, Sendable, CaseIterable {
        /// The sender is on hold.
        case onHold
        /// The sender is not in the call yet.
        case notConnected
        /// Too much waits for receivers whose channels are being opened; later there is room again.
        case tooManyWaiting
        /// Some receiver has not taken what was sent before, and does not get this.
        case receiverBehind
    }

    public var channel: UInt16
    public var sequence: UInt32
    public var refusal: Refusal?

    public init(channel: UInt16, sequence: UInt32, refusal: Refusal?) {
        self.channel = channel
        self.sequence = sequence
        self.refusal = refusal
    }

    /// Reads a receipt out of a message from the server; nil when somebody has sent the message.
    public init?(_ envelope: DataEnvelope) {
        guard envelope.sender.isEmpty else { return nil }
        channel = envelope.channel
        sequence = envelope.sequence
        guard !envelope.payload.isEmpty else { return }
        // A word that came after us is a refusal too.
        refusal = Refusal(rawValue: String(decoding: envelope.payload, as: UTF8.self)) ?? .tooManyWaiting
    }

    public var bytes: [UInt8] {
        DataEnvelope(channel: channel, sequence: sequence, payload: Array((refusal?.rawValue ?? "").utf8)).bytes
    }
}

/// The two kinds of data channels that a call has, told apart by their labels.
public enum DataChannelKind: String, Hashable, Sendable, CaseIterable {
    /// Every message arrives, in order.
    case durable
    /// A lost message is not sent again.
    case lossy

    /// How its messages are delivered.
    public var delivery: MessageDelivery {
        switch self {
        case .durable: .ordered
        case .lossy: MessageDelivery(isOrdered: false, reliability: .retransmissions(0))
        }
    }
}
