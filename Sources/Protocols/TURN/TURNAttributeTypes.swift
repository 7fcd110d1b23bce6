public import STUN

/// The methods of TURN (RFC 8656 §17).
extension STUNMessage.Method {
    public static let allocate = STUNMessage.Method(rawValue: 0x003)
    public static let refresh = STUNMessage.Method(rawValue: 0x004)
    public static let send = STUNMessage.Method(rawValue: 0x006)
    public static let data = STUNMessage.Method(rawValue: 0x007)
    public static let createPermission = STUNMessage.Method(rawValue: 0x008)
    public static let channelBind = STUNMessage.Method(rawValue: 0x009)
}

/// The attributes of TURN (RFC 8656 §18).
extension STUNAttributeType {
    public static let channelNumber = STUNAttributeType(rawValue: 0x000c)
    public static let lifetime = STUNAttributeType(rawValue: 0x000d)
    public static let xorPeerAddress = STUNAttributeType(rawValue: 0x0012)
    public static let data = STUNAttributeType(rawValue: 0x0013)
    public static let xorRelayedAddress = STUNAttributeType(rawValue: 0x0016)
    public static let requestedAddressFamily = STUNAttributeType(rawValue: 0x0017)
    public static let evenPort = STUNAttributeType(rawValue: 0x0018)
    public static let requestedTransport = STUNAttributeType(rawValue: 0x0019)
    public static let reservationToken = STUNAttributeType(rawValue: 0x0022)

    /// What a server of ours understands beyond plain STUN. DONT-FRAGMENT is not among them: a request with it is
    /// answered with 420, as RFC 8656 §7.2 has it for servers that cannot set the bit.
    static let knownToTURN: Set<STUNAttributeType> = [
        .channelNumber, .lifetime, .xorPeerAddress, .data, .xorRelayedAddress, .requestedAddressFamily, .evenPort,
        .requestedTransport, .reservationToken,
    ]
}
