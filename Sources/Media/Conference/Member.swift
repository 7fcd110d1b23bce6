internal import MediaVocabulary
internal import ProtocolCore

/// A participant as the media plane sees it: what it publishes, and the slots through which it receives.
struct Member: ~Copyable {
    /// Slots of one participant at most: audio, video and screen of the protocol's limits.
    static let slotCapacity = SlotLimits.audio + SlotLimits.video + SlotLimits.screen

    let index: Int32
    /// The index of its transport in the forward queue.
    let receiver: Int32
    /// The server drops its audio: muted, whatever the client sends.
    var isMuted = false
    /// Neither sends nor gets: on hold, or not yet in the call.
    var isOnHold = true { didSet { isServed = isReachable && !isOnHold } }
    /// Whether its transport takes packets: there are keys, and an address that consents.
    var isReachable = true { didSet { isServed = isReachable && !isOnHold } }
    /// Whether anything is sent to it.
    private(set) var isServed = false
    /// Its link is dead for the time being, so that pictures would only pile up.
    var isStalled = false
    var loudness = Loudness()
    /// Whether its slots changed since the application was told.
    var slotsAreDirty = false

    let tracks: UnsafeMutablePointer<PublishedTrack>
    let slots: UnsafeMutablePointer<Slot>
    var slotCount = 0
    /// What the application asked to see, by slot index.
    var requests: [Int: VideoRequest] = [:]
    /// What was decided for its video slots, by slot index.
    var allocations: [Int: AllocationMemory] = [:]
    /// What its link carries, in bits per second; nil while unknown.
    var budget: Int?
    var steadyBudget = SteadyBudget()
    /// Whether a queue or loss says that its link is full.
    var isCongested = true
    /// What the latest probe showed its link to carry, in bits per second.
    var shown: (rate: Int, at: Instant)?
    /// What its slots take by the last decision.
    var used = 0
    /// Which part of what it is sent is lost, 0...1.
    var lossShare = 0.0
    /// For how much its link is to be probed.
    var needed = 0
    var allocationIsDue = false
    var lastAllocation: Instant?
    var lastAllocationReport: AllocationReport?
    var lastAllocationReportAt: Instant?

    init(index: Int32, receiver: Int32) {
        self.index = index
        self.receiver = receiver
        tracks = .allocate(capacity: MediaSource.allCases.count)
        for source in MediaSource.allCases { (tracks + source.index).initialize(to: PublishedTrack()) }
        slots = .allocate(capacity: Member.slotCapacity)
    }

    deinit {
        tracks.deinitialize(count: MediaSource.allCases.count)
        tracks.deallocate()
        slots.deallocate()
    }

    /// Whether pictures are sent to it.
    var takesVideo: Bool { isServed && !isStalled }

    func track(_ source: MediaSource) -> UnsafeMutablePointer<PublishedTrack> {
        tracks + source.index
    }

    func slot(withSSRC ssrc: UInt32) -> UnsafeMutablePointer<Slot>? {
        for index in 0..<slotCount where slots[index].ssrc == ssrc { return slots + index }
        return nil
    }

    func slotIndex(_ mid: Mid) -> Int? {
        (0..<slotCount).first { slots[$0].mid == mid }
    }
}

/// How many slots of each kind a receiver may have.
public enum SlotLimits {
    /// The loudest speakers that one hears.
    public static let audio = 3
    /// A grid of 5 by 5.
    public static let video = 25
    public static let screen = 1
}

/// A wish: which source a slot should show, and at which size it will be seen.
public struct VideoRequest: Hashable, Sendable {
    public var source: TrackReference
    /// Device pixels.
    public var width: Int
    public var height: Int

    public init(source: TrackReference, width: Int, height: Int) {
        self.source = source
        self.width = width
        self.height = height
    }
}
