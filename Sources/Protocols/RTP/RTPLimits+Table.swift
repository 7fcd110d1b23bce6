public import ProtocolCore

extension [Limit] {
    /// What a packet of RTP or RTCP may make us keep or do.
    public static let rtp: [Limit] = {
        let refused = "switchboard_media_refused_packets_total"
        return [
            Limit(
                "rtcp.packets", RTCPCompound.maximumPackets, "packets", per: .message, counter: refused,
                consequence: "The compound packet is dropped.", test: "boundsCounts"),
            Limit(
                "rtcp.lostPackets", RTCPCompound.maximumLostPackets, "sequence numbers", per: .message,
                counter: refused, consequence: "The compound packet is dropped.", test: "boundsCounts"),
            Limit(
                "rtcp.keyframeRequests", RTCPCompound.maximumIntraRequests, "requests", per: .message,
                counter: refused, consequence: "The compound packet is dropped.", test: "boundsCounts"),
            Limit(
                "rtp.layerTemplates", DependencyStructure.maximumTemplates, "templates", per: .message,
                counter: refused, consequence: "The description of layers is ignored.",
                test: "boundsTemplatesAndLayers"),
        ]
    }()
}
