public import ProtocolCore

extension [Limit] {
    /// What bounds what comes over the media ports.
    public static let mediaWorker: [Limit] = [
        Limit(
            "media.paths", PeerPaths.limit, "addresses", per: .participant,
            counter: "switchboard_media_forgotten_paths_total",
            consequence: "The address that was silent for longest is forgotten.",
            test: "A client that checks from many addresses keeps its place in the address table within bounds"),
        Limit(
            "media.unprovedAddress", PeerPaths.amplification, "times the bytes that came from it", per: .address,
            counter: "switchboard_media_withheld_datagrams_total",
            consequence:
                "More is sent there once the address has answered a challenge or sent a packet that authenticates.",
            test: "An address that has proved nothing gets three times what came from it at most, and no media"),
        Limit(
            "media.consent", Int(PeerPaths.consentTimeout.components.seconds), "seconds", per: .address,
            counter: "switchboard_media_expired_paths_total",
            consequence: "Nothing is sent to an address from which nothing came for so long that authenticates.",
            test: "Whoever nominates a foreign address goes silent with his own: forged checks renew no consent"),
        Limit(
            "media.heldFlights", WorkerCore.heldLimit, "datagrams", per: .participant,
            counter: "switchboard_media_withheld_datagrams_total",
            consequence: "What comes after them is dropped; DTLS sends it again.",
            test: "Flights wait until they may be sent, and no more than a few do"),
        Limit(
            "media.checks", Peer.checkRate, "connectivity checks a second", per: .participant,
            counter: "switchboard_media_refused_checks_total",
            consequence: "Checks beyond it, from addresses that have proved nothing, are dropped unread.",
            test: "Floods of checks with wrong integrity cost so many a second, and keep nobody from his call"),
        Limit(
            "media.streams", Peer.streamLimit, "streams", per: .participant,
            counter: "switchboard_media_unknown_stream_packets_total",
            consequence: "Packets of further streams are dropped.",
            test: "A stream that was not announced is known by its mid; a new one takes its place, numbers go on"),
        Limit(
            "media.streamChanges", Peer.streamChangeRate, "new streams a second", per: .participant,
            counter: "switchboard_media_refused_streams_total",
            consequence: "Packets of streams that began too soon after the last are dropped.",
            test:
                "Who begins anew with every packet is held to so many changes; the rest is counted and costs no keyframes"
        ),
        Limit(
            "media.retransmissions", SentPackets.rate, "packets a second", per: .participant,
            counter: "switchboard_media_refused_retransmissions_total",
            consequence: "Lost packets that are asked for beyond it are not sent again.",
            test: "A storm of NACKs costs such a receiver no more than its budget"),
    ]
}
