public import ClientTransport
public import PayloadFormats

/// What a load run does: who publishes what, who watches, and for how long.
public struct LoadPlan: Hashable, Sendable {
    /// One encoding of a publisher's picture.
    public struct Layer: Hashable, Sendable {
        /// Its name in simulcast; nil for the only one.
        public var rid: String?
        public var size: PictureSize
        /// Bits per second of its NAL units.
        public var bitRate: Int

        public init(rid: String? = nil, size: PictureSize, bitRate: Int) {
            self.rid = rid
            self.size = size
            self.bitRate = bitRate
        }
    }

    /// The pictures of every publisher.
    public struct Video: Hashable, Sendable {
        /// The smallest first; one without simulcast, at most ``LoadPlan/mostLayers``.
        public var layers: [Layer]
        /// Frames per second, 1...60.
        public var frameRate: Int

        public init(layers: [Layer], frameRate: Int = 30) {
            self.layers = layers
            self.frameRate = frameRate
        }

        /// Bits per second of all layers.
        public var bitRate: Int { layers.reduce(0) { $0 + $1.bitRate } }
    }

    public static let mostLayers = 4
    /// What the mark in a frame has room for.
    public static let mostPublishers = SourceMark.mostPublishers
    /// What one WHEP session may receive.
    public static let mostVisible = 25
    /// Audio slots of each watcher, as every client of this server has them.
    public static let audioSlots = 3

    /// Sessions that send.
    public var publishers: Int
    /// Sessions that receive.
    public var subscribers: Int
    /// Nil: no pictures.
    public var video: Video?
    public var hasAudio: Bool
    /// How many of the publishers speak; the others send silence.
    public var speakers: Int
    /// The pictures that each subscriber has places for, 0...25.
    public var visible: Int
    /// Sessions opened per second.
    public var joinRate: Double
    /// How long media flows, once every subscriber has seen all pictures, before it is measured: the server's congestion
    /// control finds out what the links carry.
    public var warmUp: Duration
    /// How long media is measured.
    public var duration: Duration
    /// Threads for the subscribers; the publishers have one of their own.
    public var threads: Int
    /// Which ways media may take. There are no TURN servers here.
    public var transport = TransportPolicy.udp

    public init(
        publishers: Int, subscribers: Int, video: Video?, hasAudio: Bool = true, speakers: Int? = nil,
        visible: Int? = nil, joinRate: Double = 50, warmUp: Duration = .seconds(4), duration: Duration = .seconds(30),
        threads: Int = 1
    ) {
        self.publishers = publishers
        self.subscribers = subscribers
        self.video = video
        self.hasAudio = hasAudio
        self.speakers = speakers ?? min(publishers, LoadPlan.audioSlots)
        self.visible = visible ?? min(publishers, LoadPlan.mostVisible)
        self.joinRate = joinRate
        self.warmUp = warmUp
        self.duration = duration
        self.threads = threads
    }

    /// What is wrong with the plan, in a sentence; nil when it can be carried out.
    public var problem: String? {
        if !(1...LoadPlan.mostPublishers).contains(publishers) {
            return "There must be from 1 to \(LoadPlan.mostPublishers) publishers."
        }
        if subscribers < 0 { return "The number of subscribers is negative." }
        if !(0...publishers).contains(speakers) {
            return "Of \(publishers) publishers from 0 to \(publishers) can speak."
        }
        if !(0...LoadPlan.mostVisible).contains(visible) {
            return "A subscriber can see from 0 to \(LoadPlan.mostVisible) pictures."
        }
        if let video {
            if !(1...LoadPlan.mostLayers).contains(video.layers.count) {
                return "Video has from 1 to \(LoadPlan.mostLayers) layers."
            }
            if !(1...60).contains(video.frameRate) { return "The frame rate must be from 1 to 60." }
            if video.layers.contains(where: { !(16_000...50_000_000).contains($0.bitRate) }) {
                return "A video bit rate must be from 16 kbit/s to 50 Mbit/s."
            }
        } else if !hasAudio {
            return "Without video and without audio there is nothing to send."
        }
        if !(joinRate > 0 && joinRate <= 10_000) {
            return "The join rate must be above 0 and at most 10000 per second."
        }
        if duration <= .zero { return "The duration must be above 0." }
        if warmUp < .zero { return "The warm-up must not be negative." }
        if !(1...64).contains(threads) { return "There must be from 1 to 64 threads." }
        return nil
    }
}
