/// The numbers that bound one call.
public struct CallLimits: Hashable, Sendable {
    /// How many participants a call has at most, those that ring included.
    public var participants = 350
    /// How long a callee rings.
    public var ring: Duration = .seconds(60)
    /// How long a participant may take from its first offer to its first media packet, or from accepting to joining.
    public var setUp: Duration = .seconds(85)
    /// How long a participant whose media or signalling is lost stays in the call.
    public var reconnect: Duration = .seconds(60)
    /// How long one stays whose media is lost and who lives by its transport alone. The media plane notices after ten
    /// seconds, so that together they are the 30 seconds of consent (RFC 7675 §5.1).
    public var consent: Duration = .seconds(20)
    /// The shortest time between two reports of who speaks.
    public var speakerInterval: Duration = .milliseconds(250)

    /// The shortest time between two reports of reactions.
    public var reactionInterval: Duration = .milliseconds(250)
    /// How many reactions one report has at most; of more, the oldest are not told.
    public var reactionsPerReport = 32
    /// How many data channels of one participant may have recipients of their own.
    public var recipientLists = 256
    /// How many participants are in the spotlight at most.
    public var spotlighted = 7

    /// The limits that clients are written against.
    public static let standard = CallLimits()

    public init() {}
}
