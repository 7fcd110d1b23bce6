internal import ProtocolCore

/// How loud one participant is, from the level that its packets carry (RFC 6464), without decoding them.
struct Loudness {
    /// Weight of a new packet while the level rises, and while it falls: fast to notice speech, slow to lose it
    /// between words. At 20 ms a packet these are time constants of about 60 and 400 ms.
    static let attack: Float = 0.3
    static let release: Float = 0.05
    /// Above this, in decibels over the extension's floor of -127 dBov, a participant counts as speaking.
    static let speechLevel: Float = 67
    /// How long a participant counts as speaking after the last loud packet.
    static let hangover: Duration = .milliseconds(800)

    /// Smoothed level, 0 (silence) ... 127 (loudest).
    private(set) var level: Float = 0
    private(set) var lastSpoke: Instant?
    private(set) var lastPacket: Instant?

    @inline(__always)
    mutating func record(_ byte: UInt8?, at now: Instant) {
        lastPacket = now
        // A client that sends no levels is taken as speaking softly, so that it is heard when there is room.
        let current = byte.map { Float(127 - ($0 & 0x7f)) } ?? Loudness.speechLevel
        level += (current - level) * (current > level ? Loudness.attack : Loudness.release)
        if level >= Loudness.speechLevel { lastSpoke = now }
    }

    /// Without packets (muted, or discontinuous transmission) the level fades by itself.
    mutating func fade(now: Instant) {
        if let lastPacket, now - lastPacket > .milliseconds(200) { level *= 0.7 }
    }

    func isSpeaking(now: Instant) -> Bool {
        guard let lastSpoke else { return false }
        return now - lastSpoke < Loudness.hangover
    }
}

/// Chooses whose audio is forwarded: the loudest, with a preference for those who already are.
///
/// One more is chosen than a receiver has audio slots: a speaker does not hear himself, and gets the one in reserve.
struct SpeakerRanking {
    /// By how much, in decibels, a newcomer must be louder than the quietest of the chosen who still speaks.
    static let margin: Float = 6

    struct Candidate {
        var member: Int32
        var level: Float
        var isSpeaking: Bool

        /// Speaking counts before loudness, and a speaker is only outdone by the margin.
        func outdoes(_ other: Candidate) -> Bool {
            guard isSpeaking else { return false }
            return !other.isSpeaking || level > other.level + SpeakerRanking.margin
        }

        func isQuieter(than other: Candidate) -> Bool {
            (isSpeaking ? 1 : 0, level) < (other.isSpeaking ? 1 : 0, other.level)
        }
    }

    /// Whose audio everybody hears, in no particular order; as many as there are audio slots.
    private(set) var chosen: [Int32] = []
    /// Whom a chosen speaker hears in place of himself.
    private(set) var reserve: Int32?

    /// All members whose audio flows.
    var selected: [Int32] {
        chosen + (reserve.map { [$0] } ?? [])
    }

    /// Whom a member hears.
    func heard(by member: Int32) -> [Int32] {
        chosen.contains(member) ? selected.filter { $0 != member } : chosen
    }

    /// Brings the choice up to date. `candidates` are all members that publish audio.
    mutating func update(_ candidates: [Candidate]) {
        let byMember = Dictionary(candidates.map { ($0.member, $0) }, uniquingKeysWith: { first, _ in first })
        chosen.removeAll { byMember[$0] == nil }
        if let present = reserve, byMember[present] == nil { reserve = nil }
        let current = selected
        let waiting = candidates.filter { !current.contains($0.member) }.sorted { $1.isQuieter(than: $0) }
        for newcomer in (reserve.flatMap { byMember[$0] }.map { [$0] } ?? []) + waiting { consider(newcomer, byMember) }
    }

    /// Takes a newcomer among the chosen or into the reserve, if there is room or it outdoes somebody.
    private mutating func consider(_ newcomer: Candidate, _ all: [Int32: Candidate]) {
        if chosen.count < SlotLimits.audio {
            chosen.append(newcomer.member)
            if reserve == newcomer.member { reserve = nil }
            return
        }
        let quietest = chosen.indices.min { left, right in
            guard let one = all[chosen[left]], let other = all[chosen[right]] else { return false }
            return one.isQuieter(than: other)
        }
        if let quietest, let present = all[chosen[quietest]], newcomer.outdoes(present) {
            chosen[quietest] = newcomer.member
            reserve = present.member
            return
        }
        guard let present = reserve.flatMap({ all[$0] }) else {
            reserve = newcomer.member
            return
        }
        if newcomer.outdoes(present) { reserve = newcomer.member }
    }
}
