/// The master keys and salts of both directions, as a DTLS handshake yields them (RFC 5764 §4.2).
public struct SRTPKeyingMaterial: Hashable, Sendable {
    /// The profile both ends agreed on; it decides the lengths below.
    public var profile: ProtectionProfile
    /// The master key of what we send.
    public var localKey: [UInt8]
    /// The master salt of what we send.
    public var localSalt: [UInt8]
    /// The master key of what the peer sends.
    public var remoteKey: [UInt8]
    /// The master salt of what the peer sends.
    public var remoteSalt: [UInt8]

    public init(
        profile: ProtectionProfile, localKey: [UInt8], localSalt: [UInt8], remoteKey: [UInt8], remoteSalt: [UInt8]
    ) {
        self.profile = profile
        self.localKey = localKey
        self.localSalt = localSalt
        self.remoteKey = remoteKey
        self.remoteSalt = remoteSalt
    }
}
