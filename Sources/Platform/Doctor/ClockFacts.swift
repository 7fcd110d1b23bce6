/// What is known of the machine's clock.
public struct ClockFacts: Sendable, Hashable {
    /// Whether the kernel says that something keeps the clock right (`adjtimex`); nil where it does not say.
    public var isSynchronized: Bool?
    /// How far the clock is ahead of a server that was asked, in seconds, and its URL; nil where none was asked.
    public var ahead: (seconds: Double, source: String)? {
        get { aheadSeconds.map { ($0, aheadSource) } }
        set { (aheadSeconds, aheadSource) = (newValue?.seconds, newValue?.source ?? "") }
    }
    /// Why the server that was to be asked gave no time.
    public var timeSourceFailure: String?
    /// By how many seconds the clock jumped against the monotonic one while the doctor looked.
    public var jump: Double

    private var aheadSeconds: Double?
    private var aheadSource = ""

    public init(
        isSynchronized: Bool?, ahead: (seconds: Double, source: String)? = nil, timeSourceFailure: String? = nil,
        jump: Double = 0
    ) {
        self.isSynchronized = isSynchronized
        self.timeSourceFailure = timeSourceFailure
        self.jump = jump
        aheadSeconds = ahead?.seconds
        aheadSource = ahead?.source ?? ""
    }

    /// An HTTP date has whole seconds, and its way here takes time.
    public static let tolerance = 5.0
    /// Signed requests of applications are refused beyond five minutes.
    public static let limit = 240.0

    private static let mend =
        "Let something set the clock: timedatectl set-ntp true, or the clock of the machine around it."

    public var findings: [Finding] {
        var found: [Finding] = []
        if let seconds = aheadSeconds, abs(seconds) > Self.tolerance {
            let way = seconds > 0 ? "ahead of" : "behind"
            let message = "The clock is \(Int(abs(seconds))) s \(way) \(aheadSource)."
            if abs(seconds) > Self.limit {
                found.append(
                    .problem(
                        .clock, "clockWrong",
                        message + " Signed requests, tokens and TURN credentials are refused, or live too long.",
                        remedy: Self.mend))
            } else {
                found.append(.warning(.clock, "clockOff", message, remedy: Self.mend))
            }
        }
        if abs(jump) > 1 {
            found.append(
                .warning(
                    .clock, "clockJumped", "The clock jumped by \(Int(jump.rounded())) s within the last seconds.",
                    remedy: "Look for two programs that set it, or for a machine that was suspended."))
        }
        if isSynchronized == false, aheadSeconds == nil {
            found.append(.warning(.clock, "clockUnkept", "Nothing keeps the clock right.", remedy: Self.mend))
        }
        if let timeSourceFailure {
            found.append(
                .warning(
                    .clock, "timeSourceSilent", "No time came from where it was asked for: \(timeSourceFailure).",
                    remedy: "Name another server with --time-from."))
        }
        guard found.isEmpty else { return found }
        let how = aheadSeconds == nil ? "The kernel keeps it right." : "It agrees with \(aheadSource)."
        return [.ok(.clock, "clockRight", isSynchronized == nil && aheadSeconds == nil ? "It did not jump." : how)]
    }
}
