internal import Glibc
public import ProtocolCore

/// Tells who leads the conversation, from the audio levels that packets carry (RFC 6464), without decoding them.
///
/// After Volfin and Cohen, *Dominant speaker identification for multipoint videoconferencing* (Computer Speech and
/// Language 27, 2013), with the constants that Jitsi and mediasoup use. Each member's activity is scored over three time
/// scales: now (20 ms), the last 100 ms, and the last second. Another one becomes dominant when all three of its
/// scores exceed those of the present one by a factor; so a talker keeps the stage through pauses between words, and a
/// cough does not take it.
///
/// It departs from them in two things. Nobody is dominant before somebody has spoken. And a newcomer must have been loud
/// for about 300 ms of the last second, so that a cough in silence does not count.
///
/// Recording a level allocates nothing once a member is known. A member takes about 100 bytes.
public struct DominantSpeakerIdentification: Sendable {
    /// The most members that are compared; levels of further ones are ignored.
    public static let maximumMembers = 512
    /// What one level stands for. Longer packets count as several.
    public static let frame: Duration = .milliseconds(20)
    /// The time between decisions.
    public static let decisionInterval: Duration = .milliseconds(300)
    /// A member without packets for longer is silent (discontinuous transmission, mute). Packets of 60 ms must not seem
    /// to be that.
    static let idleTimeout: Duration = .milliseconds(80)
    /// How many blocks of 100 ms in the last second a newcomer must have filled with speech.
    static let minimumLongActivity = 3

    /// Who leads the conversation as of the last decision: through silence too, until another one speaks or this one is
    /// removed; nil before anybody has spoken.
    public private(set) var dominant: Int32?

    private var members: [Activity] = []
    private var indices: [Int32: Int] = [:]
    private var lastDecision: Instant?
    private let scores = ActivityScores()

    public init() {}

    /// Notes the level of a packet, 0 (loudest) ... 127 (silence) as RFC 6464 §3 tells it; the top bit is ignored.
    public mutating func record(level: UInt8, of member: Int32, at now: Instant) {
        let loudness = Activity.maximumLevel - level & 0x7f
        if let index = indices[member] {
            members[index].record(loudness, at: now)
            return
        }
        guard members.count < DominantSpeakerIdentification.maximumMembers else { return }
        indices[member] = members.count
        var activity = Activity(member: member, now: now)
        activity.record(loudness, at: now)
        members.append(activity)
    }

    /// Forgets a member. If it was dominant, nobody is until the next decision.
    public mutating func remove(_ member: Int32) {
        guard let index = indices.removeValue(forKey: member) else { return }
        let last = members.removeLast()
        if last.member != member {
            members[index] = last
            indices[last.member] = index
        }
        if dominant == member { dominant = nil }
    }

    /// Decides anew when `decisionInterval` has gone by, and says who is dominant.
    public mutating func poll(now: Instant) -> Int32? {
        if let lastDecision, now - lastDecision < DominantSpeakerIdentification.decisionInterval { return dominant }
        lastDecision = now
        decide(now: now)
        return dominant
    }

    private mutating func decide(now: Instant) {
        for index in members.indices { members[index].update(now: now) }
        let present =
            dominant.flatMap { indices[$0] }.map { members[$0].score(scores) } ?? ActivityScores.Triple.silence
        var best: (member: Int32, medium: Double)?
        for activity in members where activity.member != dominant {
            guard activity.longActivity >= DominantSpeakerIdentification.minimumLongActivity else { continue }
            let score = activity.score(scores)
            guard score.outdoes(present), score.medium > best?.medium ?? 0 else { continue }
            best = (activity.member, score.medium)
        }
        if let best { dominant = best.member }
    }
}

/// The scores of Volfin and Cohen's equation 14 for each number of active sub-units, worked out once.
private struct ActivityScores {
    /// The scores over the three time scales.
    struct Triple {
        var immediate: Double
        var medium: Double
        var long: Double

        static let silence = Triple(immediate: floor, medium: floor, long: floor)

        /// Whether all three exceed the other's by more than C1, C2 and C3, which bound logarithms of the ratios.
        func outdoes(_ other: Triple) -> Bool {
            log(immediate / other.immediate) > 3 && log(medium / other.medium) > 2 && log(long / other.long) > 0
        }
    }

    /// The score of no activity; logarithms of ratios need one above zero.
    static let floor = 1e-10

    let immediate: [Double]
    let medium: [Double]
    let long: [Double]

    init() {
        immediate = ActivityScores.table(count: Activity.subUnits, lambda: 0.78)
        medium = ActivityScores.table(count: Activity.framesPerBlock, lambda: 24)
        long = ActivityScores.table(count: Activity.blocks, lambda: 47)
    }

    /// The logarithm of the likelihood ratio of speech, a binomial distribution with p = 0.5, and of silence, an
    /// exponential one with `lambda`.
    private static func table(count: Int, lambda: Double) -> [Double] {
        var combinations = 1.0
        return (0...count).map { active in
            if active > 0 { combinations *= Double(count - active + 1) / Double(active) }
            let score = log(combinations) + Double(count) * log(0.5) - log(lambda) + lambda * Double(active)
            return max(score, floor)
        }
    }
}

/// One member's levels of the last second, and what is active in them.
private struct Activity {
    /// Levels here are turned around: 0 is silence, 127 the loudest.
    static let maximumLevel: UInt8 = 127
    /// N1: the steps of a level, now.
    static let subUnits = 13
    /// N2: frames in a block of the medium time scale.
    static let framesPerBlock = 5
    /// N3: blocks in the long time scale.
    static let blocks = 10
    /// Levels in one sub-unit.
    static let subUnitLength = 10
    /// A frame is active in its block when it has more sub-units: louder than -47 dBov.
    static let mediumThreshold = 7
    /// A block is active when more of its frames are.
    static let longThreshold = 4
    /// The levels after which the estimate of a member's quietest level is renewed: 15 s.
    static let minimumWindow = 750

    let member: Int32
    /// A ring; `newest` is the place of the last one.
    private var levels = InlineArray<50, UInt8>(repeating: 0)
    private var newest = 0
    private var lastFrame: Instant
    /// The member's noise floor: what is below it, and one sub-unit above, is no speech.
    private var minimum: UInt8 = 0
    private var nextMinimum: UInt8 = 0
    private var windowLength = 0

    /// As of the last `update`: sub-units of the newest frame, active frames of the newest block, active blocks.
    private var immediateActivity = 0
    private var mediumActivity = 0
    private(set) var longActivity = 0

    init(member: Int32, now: Instant) {
        self.member = member
        lastFrame = now
    }

    /// Adds a level. What lies between the last one and this is the same if it is short, and silence if it is long.
    mutating func record(_ level: UInt8, at now: Instant) {
        let elapsed = now - lastFrame
        if elapsed > DominantSpeakerIdentification.idleTimeout {
            fill(elapsed - DominantSpeakerIdentification.frame, with: 0)
            append(level)
        } else {
            // Arrivals waver: one frame up to 30 ms, two up to 50 ms.
            let frames = Int((elapsed + DominantSpeakerIdentification.frame / 2) / DominantSpeakerIdentification.frame)
            for _ in 0..<max(1, frames) { append(level) }
        }
        updateMinimum(level)
        lastFrame = max(lastFrame, now)
    }

    /// Adds silence up to now if nothing has come for a while, and counts what is active.
    mutating func update(now: Instant) {
        let elapsed = now - lastFrame
        if elapsed > DominantSpeakerIdentification.idleTimeout {
            fill(elapsed, with: 0)
            lastFrame = now
        }
        let floor = Int(minimum) + Activity.subUnitLength
        func activeSubUnits(_ age: Int) -> Int {
            let level = Int(levels[(newest + levels.count - age) % levels.count])
            return level < floor ? 0 : level / Activity.subUnitLength
        }
        immediateActivity = activeSubUnits(0)
        longActivity = 0
        for block in 0..<Activity.blocks {
            var active = 0
            for frame in 0..<Activity.framesPerBlock
            where activeSubUnits(block * Activity.framesPerBlock + frame) > Activity.mediumThreshold {
                active += 1
            }
            if block == 0 { mediumActivity = active }
            if active > Activity.longThreshold { longActivity += 1 }
        }
    }

    func score(_ scores: ActivityScores) -> ActivityScores.Triple {
        .init(
            immediate: scores.immediate[immediateActivity], medium: scores.medium[mediumActivity],
            long: scores.long[longActivity])
    }

    private mutating func fill(_ duration: Duration, with level: UInt8) {
        let frames = Int(duration / DominantSpeakerIdentification.frame)
        for _ in 0..<min(max(frames, 0), levels.count) { append(level) }
    }

    private mutating func append(_ level: UInt8) {
        newest = (newest + 1) % levels.count
        levels[newest] = level
    }

    /// The quietest level heard; after each window it moves toward the quietest of the window, by the geometric mean.
    private mutating func updateMinimum(_ level: UInt8) {
        guard level > 0 else { return }
        if minimum == 0 || minimum > level {
            minimum = level
            nextMinimum = 0
            windowLength = 0
        } else if nextMinimum == 0 {
            nextMinimum = level
            windowLength = 1
        } else {
            nextMinimum = min(nextMinimum, level)
            windowLength += 1
            guard windowLength >= Activity.minimumWindow else { return }
            minimum = UInt8(min(127, (Double(minimum) * Double(nextMinimum)).squareRoot()))
            nextMinimum = 0
            windowLength = 0
        }
    }
}
