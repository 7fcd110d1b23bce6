internal import ProtocolCore

/// How much of a layer's bit rate its receivers can use at most.
///
/// Between two sizes of a camera lies a factor of three. A publisher whose receivers could all use something between
/// them is asked to send the larger size at that rate, which shows more than the smaller one. The receiver with the most
/// to spare decides, so that nobody gets less for somebody else's link.
struct LayerCap {
    /// Below this part of its full rate a size shows no more than the one below it.
    static let leastShare = 0.35
    /// The rate of the size below is exceeded by this factor at least, or that one would do.
    static let leastStep = 1.25
    /// Above this part of the full rate there is no need to limit it.
    static let fullShare = 0.95
    /// A rise waits so long, and is so large at least: each message has an encoder change its plan.
    static let risePatience: Duration = .seconds(1)
    static let leastRise = 1.1
    /// A fall is followed sooner, since the link's queue grows meanwhile.
    static let fallPatience: Duration = .milliseconds(200)
    static let leastFall = 0.95
    /// An encoder meets its rate within this factor.
    static let obedience = 1.25
    /// What is asked for is a multiple of this, in bits per second.
    static let grain = 10_000

    /// What the publisher is asked to send at most, in bits per second; nil for as much as it likes.
    private(set) var value: Int?
    /// Since when another value would fit better.
    private var unfitSince: Instant?

    /// Takes what the best receiver can use. Returns whether the publisher has to be told of another value.
    /// - Parameters:
    ///   - usable: Bits per second; nil when a receiver's link is unknown or nobody wants the layer.
    ///   - full: The layer's rate when it is not limited.
    ///   - below: The rate of the next smaller layer.
    mutating func update(usable: Int?, full: Int, below: Int, now: Instant) -> Bool {
        let wanted = Self.value(usable: usable, full: full, below: below)
        guard let patience = patience(for: wanted, full: full) else {
            unfitSince = nil
            return false
        }
        let since = unfitSince ?? now
        unfitSince = since
        guard now - since >= patience else { return false }
        value = wanted
        unfitSince = nil
        return true
    }

    /// The publisher begins anew, and without a limit.
    mutating func forget() {
        self = LayerCap()
    }

    private static func value(usable: Int?, full: Int, below: Int) -> Int? {
        guard let usable, Double(usable) < Double(full) * fullShare else { return nil }
        let least = max(Double(full) * leastShare, Double(below) * leastStep)
        guard least < Double(full) * fullShare else { return nil }
        return Int(max(Double(usable), least)) / grain * grain
    }

    /// How long another value must fit better until it is asked for; nil when it does not.
    private func patience(for wanted: Int?, full: Int) -> Duration? {
        guard wanted != value else { return nil }
        let present = Double(value ?? full)
        let next = Double(wanted ?? full)
        if next > present { return next >= present * LayerCap.leastRise || wanted == nil ? LayerCap.risePatience : nil }
        return next <= present * LayerCap.leastFall ? LayerCap.fallPatience : nil
    }
}
