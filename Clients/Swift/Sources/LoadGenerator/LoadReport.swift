/// What a load run found. Its JSON is the form of `switchboard loadtest --json`: members are only ever added.
public struct LoadReport: Codable, Hashable, Sendable {
    /// Quantiles of a duration in milliseconds; left out where nothing was counted.
    public struct Quantiles: Codable, Hashable, Sendable {
        public var count: Int
        public var p50: Double?
        public var p95: Double?
        public var p99: Double?
        public var max: Double?
    }

    public struct Scenario: Codable, Hashable, Sendable {
        public var publishers: Int
        public var subscribers: Int
        public var speakers: Int
        public var visible: Int
        public var audio: Bool
        /// The sizes of the layers, such as "1280x720"; empty without video.
        public var video: [String]
        /// Bits per second of all layers of one publisher.
        public var videoBitrate: Int
        public var framesPerSecond: Int
        public var warmUpSeconds: Double
        /// How long media was measured.
        public var seconds: Double
    }

    public struct Joins: Codable, Hashable, Sendable {
        /// Sessions that were connected: ICE and DTLS done.
        public var connected: Int
        public var failed: Int
        /// Why the first one failed.
        public var firstFailure: String?
        /// From the first offer to the last connection.
        public var perSecond: Double
        /// From the offer to the connection, with the HTTP request in between.
        public var setUpMilliseconds: Quantiles
        /// From the first picture sent until every subscriber had seen all that it has places for; left out when that
        /// never was.
        public var allPicturesAfterSeconds: Double?
    }

    public struct Sent: Codable, Hashable, Sendable {
        /// RTP packets of all publishers, with retransmissions and padding.
        public var packets: Int
        public var bytes: Int
        public var videoFrames: Int
        public var audioPackets: Int
        public var retransmittedPackets: Int
        /// Pictures that publishers left out because their uplink did not carry them.
        public var droppedFrames: Int
    }

    public struct Received: Codable, Hashable, Sendable {
        /// Media packets that came to subscribers, retransmitted ones among them; padding not.
        public var forwardedPackets: Int
        public var forwardedPacketsPerSecond: Double
        public var videoPackets: Int
        public var audioPackets: Int
        /// Payload of the forwarded packets.
        public var bytes: Int
        public var recoveredPackets: Int
        public var lostPackets: Int
        /// Lost ÷ (lost + forwarded).
        public var loss: Double
        public var videoFrames: Int
        /// Pictures that should have come: those sent, times the subscribers that have a place for them.
        public var expectedVideoFrames: Int
        public var missingFrames: Int
        public var corruptedFrames: Int
        /// Datagrams that did not authenticate, or could not be read.
        public var refusedPackets: Int
        /// Sessions that ended before the run did.
        public var endedSessions: Int
    }

    public struct Latency: Codable, Hashable, Sendable {
        /// From capture to the arrival of a picture's first packet.
        public var videoFirstPacket: Quantiles
        /// From capture to the arrival of its last packet: what pacing spreads is part of it.
        public var videoFrame: Quantiles
        public var audio: Quantiles
    }

    public struct Server: Codable, Hashable, Sendable {
        /// CPU time, user and system, while media was measured.
        public var cpuSeconds: Double
        /// Its share of one core.
        public var cpuShare: Double
        public var cpuNanosecondsPerForwardedPacket: Double?
        /// While sessions were opened, by sessions.
        public var cpuMillisecondsPerJoin: Double?
        public var residentBytesBefore: Int
        public var residentBytesJoined: Int
        public var residentBytesAtEnd: Int
        /// What its own memory grew by from before the first join to the end, by sessions: see `ProcessUsage.ownBytes`.
        public var bytesPerParticipant: Double?
    }

    public struct Generator: Codable, Hashable, Sendable {
        /// CPU time of this program while media was measured.
        public var cpuSeconds: Double
        /// How late pictures were made: when this is much, the machine is too busy for the other figures.
        public var latenessMilliseconds: Quantiles
    }

    public var scenario: Scenario
    public var joins: Joins
    public var sent: Sent
    public var received: Received
    public var latencyMilliseconds: Latency
    /// Left out when no process id was given.
    public var server: Server?
    public var generator: Generator
}

extension LoadReport.Quantiles {
    init(_ histogram: LatencyHistogram) {
        func milliseconds(_ duration: Duration?) -> Double? {
            duration.map { Double(($0 / .microseconds(1)).rounded()) / 1000 }
        }
        self.init(
            count: histogram.count, p50: milliseconds(histogram.quantile(0.5)),
            p95: milliseconds(histogram.quantile(0.95)), p99: milliseconds(histogram.quantile(0.99)),
            max: milliseconds(histogram.maximum))
    }
}
