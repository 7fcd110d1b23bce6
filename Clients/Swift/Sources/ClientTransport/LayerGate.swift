internal import Congestion
internal import ProtocolCore

/// Whether the link has room for one layer of a camera, beside the smaller ones.
///
/// A link that is too narrow for all layers carries the small ones whole, and not a part of each: so the largest is left
/// out until the link has room for it and for those below it. Between the two thresholds a layer stays as it is.
struct LayerGate {
    /// What a layer is offered is measured over so long.
    static let window: Duration = .milliseconds(500)
    /// A layer is left out when all up to it take more than this part of the target, …
    static let stopShare = 1.1
    /// … and comes back when they take less than this.
    static let startShare = 0.9
    /// A layer that was left out stays so for this long.
    static let rest: Duration = .seconds(2)

    private(set) var isOpen = true
    /// What was made of it when it was last sent; nil before it is known.
    private(set) var offered: Bitrate?
    /// When a frame of it was last made.
    private(set) var lastOffer: Instant?
    private var bytes = 0
    private var frames = 0
    private var deltaFrames = 0
    private var begin: Instant?
    private var closedAt: Instant?

    /// Notes a frame that was made. An encoder whose frames are refused makes nothing but keyframes, which tell nothing of
    /// its rate: so they count for as much as the others do.
    mutating func offer(_ size: Int, isKeyframe: Bool, now: Instant) {
        lastOffer = now
        guard isOpen else {
            begin = nil
            return
        }
        if begin.map({ now - $0 >= LayerGate.window }) ?? true { finishWindow(now: now) }
        frames += 1
        guard !isKeyframe else { return }
        bytes += size
        deltaFrames += 1
    }

    private mutating func finishWindow(now: Instant) {
        if let begin, deltaFrames * 2 >= frames, deltaFrames > 0 {
            offered = Bitrate(bytes: bytes * frames / deltaFrames, over: now - begin)
        }
        begin = now
        bytes = 0
        frames = 0
        deltaFrames = 0
    }

    /// Opens or closes for what all layers up to this one are offered.
    /// - Returns: Whether it has just opened: a keyframe is needed then.
    mutating func update(sum: Bitrate, target: Bitrate, now: Instant) -> Bool {
        if isOpen {
            guard sum > target * LayerGate.stopShare else { return false }
            isOpen = false
            closedAt = now
            return false
        }
        guard sum < target * LayerGate.startShare, closedAt.map({ now - $0 >= LayerGate.rest }) ?? true else {
            return false
        }
        isOpen = true
        return true
    }
}
