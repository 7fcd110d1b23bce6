internal import DataChannels

/// How messages of a data channel are delivered.
public enum DataChannelReliability: String, Hashable, Sendable, CaseIterable {
    /// A lost message is not sent again, and nothing waits for it.
    case lossy
    /// Every message arrives, in order.
    case durable

    init(_ kind: DataChannelKind) {
        switch kind {
        case .lossy: self = .lossy
        case .durable: self = .durable
        }
    }

    var kind: DataChannelKind {
        switch self {
        case .lossy: .lossy
        case .durable: .durable
        }
    }
}

/// One message on a data channel.
public struct DataChannelMessage: Hashable, Sendable {
    /// The sender's participant id.
    public let senderParticipantId: String
    /// Which of the sender's channels, 1 to 65535.
    public let channelId: UInt16
    /// Counts the sender's messages on this channel, so that gaps show.
    public let sequenceNumber: UInt32
    public let reliability: DataChannelReliability
    public let data: [UInt8]
}

/// Messages between the participants of a call, beside sound and pictures; got by ``Call/dataChannels()``.
///
/// ```swift
/// let channels = try await call.dataChannels()
/// let sender = try await channels.sender(channelId: 1000, reliability: .durable)
/// try await sender.send(Array("hello".utf8))
/// for await message in channels.messages { … }
/// ```
public actor DataChannelFeature {
    /// The largest message, in bytes.
    public static let maximumMessageSize = 32_768

    private nonisolated let broadcast = Broadcast<DataChannelMessage>()
    private let transmit: @Sendable (DataEnvelope, DataChannelKind) async -> Bool
    private let name: @Sendable (UInt16, [String]?) async throws -> Void
    private var isOpen = false
    private var openings: [CheckedContinuation<Void, Never>] = []
    /// Of each channel, so that another sender of the same goes on counting.
    private var sequences: [UInt16: UInt32] = [:]
    private var isEnded = false
    /// Durable messages that were sent and that the server has said nothing of yet.
    private var unconfirmed: [MessageKey: CheckedContinuation<Void, any Error>] = [:]

    private struct MessageKey: Hashable {
        var channel: UInt16
        var sequence: UInt32
    }

    init(
        transmit: @escaping @Sendable (DataEnvelope, DataChannelKind) async -> Bool,
        name: @escaping @Sendable (UInt16, [String]?) async throws -> Void
    ) {
        self.transmit = transmit
        self.name = name
    }

    /// What others send, from now on; for the first listener from the beginning.
    public nonisolated var messages: AsyncStream<DataChannelMessage> { broadcast.stream() }

    /// Makes a sender on one of our channels.
    /// - Parameter channelId: 1 to 65535.
    public func sender(channelId: UInt16, reliability: DataChannelReliability = .lossy) throws -> DataChannelSender {
        guard channelId > 0 else {
            throw CallingError(.invalidArgument, "A data channel's number is 1 to 65535.", target: "channelId")
        }
        return DataChannelSender(channelId: channelId, reliability: reliability, feature: self)
    }

    func send(_ data: [UInt8], on channel: UInt16, _ reliability: DataChannelReliability) async throws {
        guard data.count <= Self.maximumMessageSize else {
            throw CallingError(
                .invalidArgument, "A message has at most \(Self.maximumMessageSize) bytes, not \(data.count).",
                target: "data")
        }
        await opened()
        let sequence = sequences[channel, default: 0]
        sequences[channel] = sequence &+ 1
        let envelope = DataEnvelope(channel: channel, sequence: sequence, payload: data)
        // What waits is sent at half a megabit a second; a full buffer empties.
        for _ in 0..<Self.mostAttempts {
            guard !isEnded else { throw CallingError(.callEnded, "The call is over.") }
            let isSent = await transmit(envelope, reliability.kind)
            if reliability == .lossy { return }
            if isSent { return try await confirmation(of: MessageKey(channel: channel, sequence: sequence)) }
            try await Task.sleep(for: Self.attemptInterval)
        }
        throw CallingError(.connectionLost, "The data channel is stuck.", target: "\(channel)")
    }

    /// Waits for the server to say that it has taken a message. Its word may be there already.
    private func confirmation(of key: MessageKey) async throws {
        if let early = earlyReceipts.removeValue(forKey: key) { return try early.get() }
        guard isOpen else { throw Self.interruption(key.channel) }
        try await withCheckedThrowingContinuation { unconfirmed[key] = $0 }
    }

    /// What the server said before the sender began to wait for it: it may run between two steps of ours.
    private var earlyReceipts: [MessageKey: Result<Void, CallingError>] = [:]
    private static let mostEarlyReceipts = 256

    private func receive(_ receipt: DataReceipt) {
        let key = MessageKey(channel: receipt.channel, sequence: receipt.sequence)
        let result: Result<Void, CallingError> =
            if let refusal = receipt.refusal {
                .failure(
                    CallingError(
                        .messageNotDelivered, "The message does not reach everybody: \(refusal.rawValue).",
                        target: "\(receipt.channel)"))
            } else {
                .success(())
            }
        if let waiting = unconfirmed.removeValue(forKey: key) {
            waiting.resume(with: result.mapError { $0 })
        } else if earlyReceipts.count < Self.mostEarlyReceipts {
            earlyReceipts[key] = result
        }
    }

    private static func interruption(_ channel: UInt16) -> CallingError {
        CallingError(.connectionLost, "It is not known whether the message has arrived.", target: "\(channel)")
    }

    private static let attemptInterval: Duration = .milliseconds(50)
    private static let mostAttempts = 600

    func setParticipants(_ participantIds: [String]?, on channel: UInt16) async throws {
        try await name(channel, participantIds)
    }

    private func opened() async {
        guard !isOpen else { return }
        await withCheckedContinuation { openings.append($0) }
    }

    func setOpen(_ isOpen: Bool) {
        self.isOpen = isOpen
        guard isOpen else {
            for (key, waiting) in unconfirmed { waiting.resume(throwing: Self.interruption(key.channel)) }
            unconfirmed = [:]
            earlyReceipts = [:]
            return
        }
        for opening in openings { opening.resume() }
        openings = []
    }

    func receive(_ kind: DataChannelKind, _ envelope: DataEnvelope) {
        if let receipt = DataReceipt(envelope) { return receive(receipt) }
        broadcast.send(
            DataChannelMessage(
                senderParticipantId: envelope.sender, channelId: envelope.channel, sequenceNumber: envelope.sequence,
                reliability: DataChannelReliability(kind), data: envelope.payload))
    }

    /// The call is over.
    func end() {
        isEnded = true
        broadcast.finish()
        setOpen(false)
        setOpen(true)
    }
}

/// Sends messages on one of our data channels.
public struct DataChannelSender: Sendable {
    public let channelId: UInt16
    public let reliability: DataChannelReliability
    let feature: DataChannelFeature

    /// Sends a message of at most ``DataChannelFeature/maximumMessageSize`` bytes, once there is a connection. Returns
    /// when the server has taken a durable message, and throws when it does not reach everybody; a lossy one has left then.
    public func send(_ data: [UInt8]) async throws {
        try await feature.send(data, on: channelId, reliability)
    }

    /// Who gets the messages of this channel from now on, at most 64; nil: everybody.
    public func setParticipants(_ participantIds: [String]?) async throws {
        try await feature.setParticipants(participantIds, on: channelId)
    }
}
