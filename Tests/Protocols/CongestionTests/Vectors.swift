import ProtocolCore
import RTP

@testable import Congestion

/// An instant so many milliseconds after a start of no importance.
func at(_ milliseconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + Int64(milliseconds * 1e6))
}

/// A feedback on consecutive packets: arrivals in ticks of 250 µs after the reference time, nil for lost ones.
func feedback(from base: UInt16, reference: Int32 = 0, ticks: [Int?]) -> TransportFeedback {
    var previous = 0
    let packets = ticks.enumerated().map { index, tick in
        let delta = tick.map { $0 - previous }
        if let tick { previous = tick }
        return TransportFeedback.Packet(
            sequence: SequenceNumber(base) + index, deltaTicks: delta.map { Int16($0) })
    }
    return TransportFeedback(
        sender: SSRC(1), media: SSRC(2), feedbackCount: 0, referenceTime: reference, packets: packets)
}

/// Results of packets sent evenly at a rate, 1000 bytes each, of which some are lost.
func results(
    rate: Bitrate, from start: Double, milliseconds: Double, loses: (Int) -> Bool = { _ in false }
) -> [PacketResult] {
    let interval = 8_000_000 / Double(rate.bitsPerSecond)
    return (0..<Int(milliseconds / interval)).map { index in
        let sent = at(start + Double(index) * interval)
        return PacketResult(sentAt: sent, bytes: 1000, arrival: loses(index) ? nil : sent + .milliseconds(20))
    }
}
