internal import ProtocolCore

/// A message on its way out.
struct OutboundMessage: Sendable {
    /// Distinguishes it from all others of the association.
    var number: UInt64
    var stream: StreamIdentifier
    var payloadProtocol: PayloadProtocolIdentifier
    var isOrdered: Bool
    var priority: MessagePriority
    /// How often a part may be sent again, and until when.
    var retransmissionLimit: Int?
    var expiry: Instant?
    var bytes: [UInt8]
    /// How much of it has become DATA chunks.
    var sentCount = 0
    /// Given with its first part; messages that are never begun leave no hole.
    var sequence = StreamSequenceNumber(0)

    func isExpired(at now: Instant) -> Bool {
        expiry.map { $0 < now } ?? false
    }
}

/// A DATA chunk that was sent and is not known to have arrived with all before it.
struct SentChunk: Sendable {
    enum State: Hashable, Sendable {
        case inFlight
        /// In a gap block of the last acknowledgement.
        case acknowledged
        /// To be sent again.
        case lost
        case abandoned
    }

    var state = State.inFlight
    var flags: DataChunk.Flags
    var message: OutboundMessage
    var range: Range<Int>
    var sentAt: Instant
    var transmissions = 1
    /// How many acknowledgements in a row had something behind it but not it.
    var missingReports = 0
    /// It is sent again, or was, because of such reports; that happens once, then only the timer helps (RFC 9260 §7.2.4).
    var isFastRetransmission = false

    /// What it takes in a packet.
    var size: Int { PacketWriter.dataChunkSize(range.count) }
}
