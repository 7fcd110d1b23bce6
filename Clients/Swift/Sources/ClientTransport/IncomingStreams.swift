internal import ProtocolCore

/// The streams that arrive, found by SSRC: a few dozen, so that a look along their numbers is quicker than hashing.
struct IncomingStreams {
    private var ssrcs: [SSRC] = []
    /// In the order of `ssrcs`.
    private(set) var all: [IncomingStream] = []

    init() {}

    /// Of streams with one SSRC the last counts.
    init(_ streams: [IncomingStream]) {
        let byNumber = Dictionary(streams.map { ($0.ssrc, $0) }, uniquingKeysWith: { $1 })
        all = byNumber.values.sorted { $0.ssrc < $1.ssrc }
        ssrcs = all.map(\.ssrc)
    }

    subscript(ssrc: SSRC) -> IncomingStream? {
        for index in ssrcs.indices where ssrcs[index] == ssrc { return all[index] }
        return nil
    }
}
