import Calling
import Conference
import DataChannels
import HTTPServer
import Identity
import MediaWorker
import Metrics
import ProtocolCore
import RESTAPI
import RTP
import Relay
import SCTP
import SDP
import STUN
import Signaling
import TURN
import WHIP

extension [Limit] {
    /// The tables of all rooms, from the outside in. A room that takes something from outside has its line here.
    static let everywhere: [Limit] = [
        [Limit].httpServer, .restAPI, .identity, .signaling, .whip, .relay, .calling, .mediaWorker, .data, .conference,
        .turn, .stun, .sdp, .rtp, .sctp, .dataChannels,
    ].flatMap(\.self)
}

/// The series that count how often limits were hit.
enum LimitCounters {
    /// Makes those that have labels, at 0, so that an alert can be written before the first hit.
    static func register(_ limits: [Limit] = .everywhere) {
        for limit in limits {
            guard let (label, dimensions) = parts(of: limit.counter) else { continue }
            Counter(label: label, dimensions: dimensions).increment(by: 0)
        }
    }

    /// Takes a series apart as it stands in `/metrics`: `NAME_total{label="value",…}`.
    private static func parts(of series: String) -> (label: String, dimensions: [(String, String)])? {
        guard let brace = series.firstIndex(of: "{"), series[..<brace].hasSuffix("_total") else { return nil }
        let dimensions = series[brace...].dropFirst().dropLast().split(separator: ",").compactMap { pair in
            let sides = pair.split(separator: "=", maxSplits: 1)
            return sides.count == 2 ? (String(sides[0]), String(sides[1].dropFirst().dropLast())) : nil
        }
        return (String(series[..<brace].dropLast("_total".count)), dimensions)
    }
}
