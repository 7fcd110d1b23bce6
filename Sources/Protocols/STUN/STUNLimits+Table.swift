public import ProtocolCore

extension [Limit] {
    /// What a STUN message may hold.
    public static let stun: [Limit] = [
        Limit(
            "stun.attributes", STUNMessage.maximumAttributeCount, "attributes", per: .message,
            counter: "switchboard_media_stray_datagrams_total", consequence: "The message is dropped.",
            test: "acceptsAtMost32Attributes")
    ]
}
