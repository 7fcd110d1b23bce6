public import ProtocolCore
internal import SCTP

extension [Limit] {
    /// What a participant may open and send on its data channels.
    public static let dataChannels: [Limit] = {
        let configuration = DataChannelConfiguration(role: .server, association: SCTPConfiguration(seed: 0))
        return [
            Limit(
                "data.channels", configuration.largestPeerChannelCount, "channels", per: .participant,
                counter: "switchboard_media_refused_data_chunks_total", consequence: "A further one is closed at once.",
                test: "surplusChannelsAreClosed"),
            Limit(
                "data.channelName", configuration.largestName, "bytes", per: .message,
                counter: "switchboard_media_refused_data_chunks_total", consequence: "The channel is not opened.",
                test: "longNamesAreRefused"),
            Limit(
                "data.payload", DataEnvelope.largestPayload, "bytes", per: .message,
                counter: "switchboard_media_refused_data_messages_total", consequence: "The message goes to nobody.",
                test: "envelopesAreBounded"),
        ]
    }()
}
