internal import ProtocolCore

/// The replay windows of incoming SRTCP, one per sender SSRC (RFC 3711 §3.2.3).
///
/// A peer's SSRCs come and go over a long call, so the list is bounded and forgets the one used least recently. Only
/// authentic packets enter it: a stranger cannot push anybody out.
struct ControlReplayList: Sendable {
    static let limit = 64

    private struct Source: Sendable {
        let ssrc: SSRC
        var window = ReplayWindow()
        /// The value of `uses` when a packet was last accepted.
        var lastUse: UInt64
    }

    private var sources: [Source] = []
    private var uses: UInt64 = 0

    var count: Int {
        sources.count
    }

    func accepts(_ index: UInt32, from ssrc: SSRC) -> Bool {
        sources.first { $0.ssrc == ssrc }?.window.accepts(UInt64(index)) ?? true
    }

    mutating func accept(_ index: UInt32, from ssrc: SSRC) {
        uses += 1
        if let position = sources.firstIndex(where: { $0.ssrc == ssrc }) {
            sources[position].window.insert(UInt64(index))
            sources[position].lastUse = uses
            return
        }
        var source = Source(ssrc: ssrc, lastUse: uses)
        source.window.insert(UInt64(index))
        if sources.count < Self.limit {
            sources.append(source)
        } else if let oldest = sources.indices.min(by: { sources[$0].lastUse < sources[$1].lastUse }) {
            sources[oldest] = source
        }
    }
}
