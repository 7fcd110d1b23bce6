public import ProtocolCore

extension [Limit] {
    /// What a peer's association may hold.
    public static let sctp: [Limit] = {
        let configuration = SCTPConfiguration(seed: 0)
        let refused = "switchboard_media_refused_data_chunks_total"
        return [
            Limit(
                "sctp.message", configuration.largestIncomingMessage, "bytes", per: .message, counter: refused,
                consequence: "The association ends.", test: "aMessageLargerThanAgreedEndsIt"),
            Limit(
                "sctp.receiveWindow", configuration.receiveWindow, "bytes", per: .participant, counter: refused,
                consequence: "What goes beyond is dropped, and sent again by the peer.",
                test: "messagesOutOfTurnAreBounded"),
            Limit(
                "sctp.sendBuffer", configuration.sendBuffer, "bytes", per: .participant,
                counter: "switchboard_media_dropped_data_messages_total",
                consequence: "The message does not go to this participant.", test: "theSendBufferIsBounded"),
            Limit(
                "sctp.gaps", ReceivedTSNs.largestRunCount, "gaps in the numbers", per: .participant, counter: refused,
                consequence: "A chunk that would make another one is dropped.", test: "gapsAreBounded"),
            Limit(
                "sctp.replies", SCTPAssociation.largestControlCount, "replies", per: .participant, counter: refused,
                consequence: "No further reply is queued.", test: "answersAreBounded"),
            Limit(
                "sctp.streams", Int(configuration.incomingStreams), "streams", per: .participant, counter: refused,
                consequence: "The message is refused with an error.", test: "aStreamThatDoesNotExistIsReported"),
        ]
    }()
}
