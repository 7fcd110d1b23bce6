internal import Conference
internal import Congestion
internal import DataChannels
public import ProtocolCore
internal import SDP

extension [Limit] {
    /// What data channels and parameter sets make the media plane hold.
    public static let data: [Limit] = [
        Limit(
            "data.rate", Int(DataLink.rate.bitsPerSecond), "bits a second", per: .participant,
            counter: "switchboard_media_delayed_data_reads_total", consequence: "messages wait at their sender",
            test: "Messages of 30 kB come whole, no faster than a sender may"),
        Limit(
            "data.durableMessages", DurableLog.count, "messages", per: .call,
            counter: "switchboard_media_refused_durable_messages_total",
            consequence: "refused while somebody's channel is being opened, else the oldest is forgotten",
            test: "What waits for a channel that does not open is bounded, and the sender is told"),
        Limit(
            "data.durableBytes", DurableLog.size, "bytes", per: .call,
            counter: "switchboard_media_refused_durable_messages_total",
            consequence: "refused while somebody's channel is being opened, else the oldest is forgotten",
            test: "What waits for a channel that does not open is bounded, and the sender is told"),
        Limit(
            "data.durableAge", Int(DurableLog.age.components.seconds), "seconds", per: .message,
            counter: "switchboard_media_forgotten_durable_messages_total", consequence: "the message is forgotten",
            test: "Messages that nobody fetched are forgotten by their age and number"),
        Limit(
            "data.names", DurableLog.names, "participants", per: .call,
            counter: "switchboard_media_forgotten_durable_messages_total",
            consequence: "messages to further ones are not kept before they have a transport",
            test: "Names of those who never come do not pile up"),
        Limit(
            "media.parameterSets", ParameterSetBounds.count, "parameter sets", per: .participant,
            counter: "switchboard_media_forgotten_parameter_sets_total",
            consequence: "all are forgotten and learnt anew",
            test: "Too many sets, or too large ones, are forgotten and begin anew; the memory stays one buffer"),
        Limit(
            "media.parameterSetBytes", ParameterSetBounds.size, "bytes", per: .participant,
            counter: "switchboard_media_forgotten_parameter_sets_total",
            consequence: "all are forgotten and learnt anew",
            test: "Too many sets, or too large ones, are forgotten and begin anew; the memory stays one buffer"),
    ]
}
