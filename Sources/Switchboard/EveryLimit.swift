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

/// The series `switchboard_limit_hits_total`, with one label for each limit that has no series of its own.
enum LimitCounters {
    /// Makes all of them, at 0, so that an alert can be written before the first hit.
    static func register(_ limits: [Limit] = .everywhere) {
        for limit in limits where limit.counter.hasPrefix("switchboard_limit_hits") {
            Counter(label: "switchboard_limit_hits", dimensions: [("limit", limit.name)]).increment(by: 0)
        }
    }
}
