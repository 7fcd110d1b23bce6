internal import MediaVocabulary
public import ProtocolCore

/// What a sender report of one slot says (RFC 3550 §6.4.1), except for the wall-clock time.
public struct SlotSenderReport: Sendable {
    public var ssrc: SSRC
    public var timestamp: UInt32
    public var packetCount: UInt32
    public var octetCount: UInt32
}

extension Conference {
    /// How often a slot's sender report goes out: RFC 3550 §6.2 scaled down for bundles, as browsers do.
    static let senderReportInterval: Duration = .seconds(1)

    /// The sender reports that are due for a member's slots, at the instant `now`.
    public mutating func senderReports(for index: Int32, now: Instant) -> [SlotSenderReport] {
        guard let member = member(index), member.pointee.isServed else { return [] }
        var reports: [SlotSenderReport] = []
        for position in 0..<member.pointee.slotCount {
            let slot = member.pointee.slots + position
            guard slot.pointee.phase == .active, let source = slot.pointee.source,
                let publisher = self.member(source.member)
            else { continue }
            if let last = slot.pointee.lastReport, now - last < Conference.senderReportInterval { continue }
            let track = publisher.pointee.track(source.source)
            guard let report = track.pointee.layer(slot.pointee.layer)?.pointee.clock,
                let codec = track.pointee.codec
            else { continue }
            let ticks = (now - report.arrival).nanoseconds / 1_000 * Int64(codec.clockRate) / 1_000_000
            let timestamp = report.timestamp &+ UInt32(truncatingIfNeeded: ticks)
            slot.pointee.noteReport(at: now)
            reports.append(
                SlotSenderReport(
                    ssrc: SSRC(slot.pointee.ssrc), timestamp: slot.pointee.timestamp(forSource: timestamp),
                    packetCount: slot.pointee.packetCount, octetCount: slot.pointee.octetCount))
        }
        return reports
    }
}
