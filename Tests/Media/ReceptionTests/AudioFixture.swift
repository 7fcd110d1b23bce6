import ProtocolCore
import RTP
import Reception

/// A packet on its way.
struct SentAudio {
    var sequence: UInt16
    var timestamp: UInt32
    var payload: [UInt8]
    var isRedundant = false
    var arrival: Instant
}

/// Plays what a network delivers, 20 ms at a time and in virtual time.
struct AudioFixture {
    var buffer = AudioJitterBuffer()
    /// What the player did, in order, with the time.
    var actions: [(at: Instant, action: AudioPlayoutAction)] = []
    private var nextPull = Instant.zero

    /// Delivers the packets in the order of their arrival, pulls in between, and goes on pulling until `end`.
    mutating func run(_ packets: [SentAudio], until end: Instant) {
        let ordered = packets.enumerated().sorted { ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset) }
        for (_, packet) in ordered {
            pull(before: packet.arrival)
            insert(packet)
        }
        pull(before: end)
    }

    /// Puts copies of the two packets before it into each packet (RFC 2198).
    static func addRedundancy(to packets: inout [SentAudio]) {
        for index in packets.indices {
            let number = AudioFixture.number(packets[index].payload)
            guard number >= 2 else { continue }
            // Offsets of 1920 and 960 ticks, 4 bytes each.
            packets[index].payload =
                [0xef, 0x1e, 0, 4, 0xef, 0x0f, 0, 4, 0x6f] + AudioFixture.payload(number - 2)
                + AudioFixture.payload(number - 1) + packets[index].payload
            packets[index].isRedundant = true
        }
    }

    mutating func insert(_ packet: SentAudio) {
        let sequence = SequenceNumber(packet.sequence)
        let timestamp = RTPTimestamp(packet.timestamp)
        let bytes = packet.payload.span.bytes
        if packet.isRedundant {
            buffer.insertRedundant(sequence: sequence, timestamp: timestamp, payload: bytes, arrival: packet.arrival)
        } else {
            buffer.insert(sequence: sequence, timestamp: timestamp, payload: bytes, arrival: packet.arrival)
        }
    }

    mutating func pull(before end: Instant) {
        while nextPull < end {
            let action = buffer.pull(now: nextPull)
            actions.append((nextPull, action))
            nextPull = nextPull + action.duration
        }
    }

    /// The numbers of the packets decoded, by `AudioFixture.payload`.
    var decoded: [Int] {
        actions.compactMap { entry in
            if case .decode(let payload, _) = entry.action { return AudioFixture.number(payload) }
            return nil
        }
    }

    /// The numbers of the packets whose copy of the one before was decoded.
    var corrected: [Int] {
        actions.compactMap { entry in
            if case .decodeForwardErrorCorrection(let next, _) = entry.action { return AudioFixture.number(next) }
            return nil
        }
    }

    /// How often something was made up.
    var concealments: Int {
        actions.count { entry in
            if case .conceal = entry.action { return true }
            return false
        }
    }

    /// 20 ms of Opus that says which packet it is: CELT, or SILK with or without a copy of the packet before.
    static func payload(_ number: Int, contents: UInt8 = 31 << 3, flags: UInt8 = 0) -> [UInt8] {
        [contents, flags, UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    static func number(_ payload: [UInt8]) -> Int {
        guard payload.count >= 2 else { return -1 }
        return Int(payload[payload.count - 2]) << 8 | Int(payload[payload.count - 1])
    }

    /// A stream of packets of 20 ms. `delay` tells how long each takes; nil loses it.
    static func stream(
        _ numbers: Range<Int>, sequence: UInt16 = 0, timestamp: UInt32 = 0, milliseconds: Double = 20,
        payload: (Int) -> [UInt8] = { AudioFixture.payload($0) }, delay: (Int) -> Double?
    ) -> [SentAudio] {
        numbers.compactMap { number in
            guard let delay = delay(number) else { return nil }
            return SentAudio(
                sequence: sequence &+ UInt16(truncatingIfNeeded: number),
                timestamp: timestamp &+ UInt32(truncatingIfNeeded: number * 960), payload: payload(number),
                arrival: Instant(nanoseconds: Int64((Double(number) * milliseconds + delay) * 1_000_000)))
        }
    }
}

extension Instant {
    static func milliseconds(_ count: Int) -> Instant {
        Instant(nanoseconds: Int64(count) * 1_000_000)
    }
}
