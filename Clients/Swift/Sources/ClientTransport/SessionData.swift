internal import DataChannels
internal import ProtocolCore
internal import SCTP
internal import SDP

/// The data channels of a session: one of each kind, which we open.
struct SessionData {
    /// Whether they are wanted.
    var isWanted = false
    /// Whether the server is to say of each durable message that it has taken it.
    var wantsReceipts = false
    /// Where their m-line stands, from the first offer on that has it.
    private var position: Int?
    var transport: DataChannelTransport?
    var channels: [DataChannelKind: ChannelID] = [:]
    /// Whether the server knows the channels.
    var isOpen = false
    var packet: [UInt8] = []
    /// Something waits for the link.
    var hasDataToSend = false
    /// When it is to be looked after.
    var due: Instant?

    private static let mid = Mid("data")

    /// The line for an offer with so many other lines.
    mutating func line(after count: Int) -> OfferDataLine? {
        guard isWanted else { return nil }
        let position = self.position ?? count
        self.position = position
        return OfferDataLine(mid: Self.mid, position: position)
    }

    /// Another connection begins with channels of its own.
    mutating func reset() {
        transport = nil
        channels = [:]
        isOpen = false
        hasDataToSend = false
        due = nil
    }
}
