internal import MediaVocabulary
internal import ProtocolCore

/// The durable messages of one call that somebody has not got yet: one whose data channel is still opening, or who has
/// only just been named to the others.
///
/// One log serves all of a call: every message is numbered and kept once, and a receiver is a number from which on the
/// messages are for it. Its bounds hold whatever the receivers do.
struct DurableLog {
    /// Messages kept at most.
    static let count = 512
    /// Bytes kept at most, with the headers of the messages. All of them fit into what SCTP takes at once.
    static let size = 768 << 10
    /// How long a message is kept: somebody who has not listened by then does not.
    static let age: Duration = .seconds(120)
    /// Participants who may be named before they have a transport.
    static let names = 1024
    /// How long whoever has announced a listener may take until the channel is open. For so long messages for it are
    /// refused rather than forgotten.
    static let opening: Duration = .seconds(30)

    struct Message {
        let number: UInt64
        let sender: ParticipantID
        /// Nil: everybody.
        let recipients: Set<ParticipantID>?
        let bytes: [UInt8]
        let at: Instant

        func isFor(_ participant: ParticipantID) -> Bool {
            participant != sender && recipients?.contains(participant) ?? true
        }
    }

    /// Oldest first.
    private(set) var messages: [Message] = []
    private var bytes = 0
    /// The number of the next message.
    private(set) var next: UInt64 = 0
    /// From which message on those get them who were named and have no transport yet.
    private(set) var named: [ParticipantID: UInt64] = [:]
    /// Messages that were forgotten before everybody had got them.
    private(set) var forgotten: UInt64 = 0
    private var lapsed: UInt64 = 0

    /// Whether another message finds room without one being forgotten.
    func hasRoom(for size: Int, now: Instant) -> Bool {
        let expired = messages.prefix { now - $0.at > Self.age }
        return messages.count - expired.count < Self.count
            && bytes - expired.reduce(0) { $0 + $1.bytes.count } + size <= Self.size
    }

    /// Keeps a message; the oldest make room for it.
    mutating func append(_ bytes: [UInt8], from sender: ParticipantID, to recipients: Set<ParticipantID>?, now: Instant)
    {
        expire(now: now)
        while !messages.isEmpty, messages.count >= Self.count || self.bytes + bytes.count > Self.size {
            forgotten += 1
            removeFirst()
        }
        messages.append(Message(number: next, sender: sender, recipients: recipients, bytes: bytes, at: now))
        self.bytes += bytes.count
        next += 1
    }

    /// How many messages nobody fetched in time, and how many names found no place, since this was asked last.
    mutating func takeLapsed() -> UInt64 {
        defer { lapsed = 0 }
        return lapsed
    }

    /// Forgets what has been kept for too long.
    mutating func expire(now: Instant) {
        while let first = messages.first, now - first.at > Self.age {
            removeFirst()
            lapsed += 1
        }
    }

    private mutating func removeFirst() {
        bytes -= messages.removeFirst().bytes.count
    }

    /// Forgets everything: everybody has it.
    mutating func removeAll() {
        messages.removeAll()
        bytes = 0
    }

    /// What has been said since a number.
    func messages(since number: UInt64, for participant: ParticipantID) -> [Message] {
        messages.filter { $0.number >= number && $0.isFor(participant) }
    }

    /// Somebody is named to the others, who may send to this participant from now on.
    mutating func expect(_ participant: ParticipantID) {
        guard named[participant] == nil else { return }
        guard named.count < Self.names else {
            lapsed += 1
            return
        }
        named[participant] = next
    }

    /// Somebody has a transport now: from which message on they are for this participant.
    mutating func arrived(_ participant: ParticipantID) -> UInt64 {
        named.removeValue(forKey: participant) ?? next
    }

    /// Somebody who was named does not come.
    mutating func forget(_ participant: ParticipantID) {
        named[participant] = nil
    }
}

/// How far a peer is with durable messages.
struct DurableIntake {
    /// From which message of the log on they are for it; nil while it gets them as they come.
    var since: UInt64?
    /// When it announced that it listens, or lost the channel it had.
    var announcedAt: Instant?
    /// Whether it has been in the call: who is on hold afterwards misses what is said.
    var hasArrived = false

    /// Whether its channel may be expected to open soon.
    func isOpening(now: Instant) -> Bool {
        since != nil && announcedAt.map { now - $0 <= DurableLog.opening } ?? false
    }
}
