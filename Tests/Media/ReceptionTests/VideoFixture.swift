import PayloadFormats
import ProtocolCore
import RTP
import Reception

/// A packet on its way.
struct SentVideo {
    var sequence: UInt16
    var timestamp: UInt32
    var marker: Bool
    var payload: [UInt8]
    var frame: Int
    var arrival: Instant
}

/// A sender of synthetic H.264 and what a receiver makes of its packets.
struct VideoFixture {
    var assembler: VideoFrameAssembler
    var source: SyntheticH264
    /// The access units as they were sent.
    var sent: [[UInt8]] = []
    /// Those that came out, with the time.
    var received: [(at: Instant, unit: VideoAccessUnit)] = []
    var keyframesAskedAt: [Instant] = []
    private var sequence: UInt16

    init(
        _ configuration: SyntheticH264.Configuration = .init(bitRate: 400_000),
        limits: VideoFrameAssembler.Limits = .init(),
        sequence: UInt16 = 65_500
    ) {
        source = SyntheticH264(configuration, seed: 77)
        assembler = VideoFrameAssembler(limits: limits)
        self.sequence = sequence
    }

    /// The packets of the next frames, 33 ms apart, all arriving at the time they were made.
    mutating func frames(_ count: Int, maximumPayloadSize: Int = 1100) -> [SentVideo] {
        var packets: [SentVideo] = []
        for _ in 0..<count {
            let number = sent.count
            let now = Instant.milliseconds(number * 33)
            var bytes: [UInt8] = []
            _ = source.next(into: &bytes, now: now)
            sent.append(bytes)
            let payloads = H264Packetizer.payloads(of: bytes, maximumPayloadSize: maximumPayloadSize)
            for (index, payload) in payloads.enumerated() {
                packets.append(
                    SentVideo(
                        sequence: sequence, timestamp: UInt32(truncatingIfNeeded: number * 2970) &+ 4_294_960_000,
                        marker: index == payloads.count - 1, payload: payload, frame: number, arrival: now))
                sequence &+= 1
            }
        }
        return packets
    }

    /// Delivers in the order of arrival, and looks every 10 ms whether something is due.
    mutating func run(_ packets: [SentVideo], until end: Instant? = nil) {
        let ordered = packets.enumerated().sorted { ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset) }
        var now = ordered.first?.element.arrival ?? .zero
        for (_, packet) in ordered {
            while packet.arrival - now > .milliseconds(10) {
                now = now + .milliseconds(10)
                drain(now)
            }
            now = packet.arrival
            assembler.insert(
                sequence: SequenceNumber(packet.sequence), timestamp: RTPTimestamp(packet.timestamp),
                marker: packet.marker, payload: packet.payload.span.bytes, arrival: packet.arrival)
            drain(now)
        }
        while let end, now < end {
            now = now + .milliseconds(10)
            drain(now)
        }
    }

    mutating func drain(_ now: Instant) {
        while let unit = assembler.next(now: now) { received.append((now, unit)) }
        if assembler.wantsKeyframe(now: now) { keyframesAskedAt.append(now) }
    }

    /// The numbers of the frames that came out whole; -1 for one that is not as it was sent.
    var frameNumbers: [Int] {
        received.map { entry in
            guard let stamp = SyntheticH264Stamp.read(accessUnit: entry.unit.annexB.span.bytes) else { return -1 }
            let number = Int(stamp.number)
            return number < sent.count && sent[number] == entry.unit.annexB ? number : -1
        }
    }
}
