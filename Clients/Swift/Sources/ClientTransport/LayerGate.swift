internal import Congestion
internal import ProtocolCore

/// Whether the link has room for one layer of a camera, beside the smaller ones.
///
/// A link that is too narrow for all layers carries some of them whole, and not a part of each. The smallest always goes, so
/// that everybody has a picture; then the largest that fits beside it; then what fits beside these. A peer whose publisher is
/// short of bandwidth asks for all layers, and the best one must not wait until the link has room for those between.
/// Between the two thresholds a layer stays as it is.
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

    /// What goes if a layer goes: itself, the smallest one, and the larger ones that go themselves.
    ///
    /// - Parameter others: What the other layers that are made take, and whether they go.
    /// - Returns: Nil for the smallest layer, which asks for nobody's room.
    static func load(
        of own: Bitrate, beside others: [(rate: Bitrate, isOpen: Bool)], target: Bitrate
    ) -> Bitrate? {
        guard let smallest = others.map(\.rate).min(), smallest < own else { return nil }
        // A larger one that is about to be left out takes no room.
        let larger = others.filter { $0.rate > own && $0.isOpen && $0.rate + smallest <= target * stopShare }
        return larger.reduce(own + smallest) { $0 + $1.rate }
    }

    /// Opens or closes for what goes if this layer goes; nil when that need not be asked.
    mutating func update(load: Bitrate?, target: Bitrate, now: Instant) {
        guard let load else {
            isOpen = true
            return
        }
        if isOpen {
            guard load > target * LayerGate.stopShare else { return }
            isOpen = false
            closedAt = now
        } else if load < target * LayerGate.startShare, closedAt.map({ now - $0 >= LayerGate.rest }) ?? true {
            isOpen = true
        }
    }
}
