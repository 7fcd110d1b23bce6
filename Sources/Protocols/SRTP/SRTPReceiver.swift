internal import Cryptography
internal import ProtocolCore

/// Checks and decrypts what one peer sends: RTP and RTCP of all its SSRCs in one DTLS-SRTP session.
///
/// The state of each RTP stream is kept by the caller, beside whatever else it keeps per SSRC. `unprotect` allocates
/// nothing. State only changes when a packet proves authentic.
public struct SRTPReceiver: ~Copyable, Sendable {
    /// The profile in use.
    public let profile: ProtectionProfile
    private let media: PacketTransform
    private let control: PacketTransform
    private var controlSources = ControlReplayList()

    /// - Parameters:
    ///   - masterKey: `profile.keyLength` bytes; any other length is a programming error.
    ///   - masterSalt: `profile.saltLength` bytes; any other length is a programming error.
    public init(profile: ProtectionProfile, masterKey: [UInt8], masterSalt: [UInt8]) {
        self.init(
            profile: profile, keys: SessionKeys(profile: profile, masterKey: masterKey, masterSalt: masterSalt))
    }

    /// A receiver with derived keys, as published test vectors give them.
    init(profile: ProtectionProfile, keys: SessionKeys) {
        self.profile = profile
        media = PacketTransform(profile, keys.media)
        control = PacketTransform(profile, keys.control)
    }

    /// A receiver with the remote keys of a handshake.
    public init(_ keys: SRTPKeyingMaterial) {
        self.init(profile: keys.profile, masterKey: keys.remoteKey, masterSalt: keys.remoteSalt)
    }

    /// Checks an SRTP packet and decrypts its payload straight to where it shall be kept.
    ///
    /// - Parameters:
    ///   - packet: The packet as received; it is not changed.
    ///   - headerLength: The length of the RTP header with CSRCs and extensions, as parsed.
    ///   - payload: Where the payload goes: disjoint from the packet, or `packet + headerLength` itself. After an
    ///     authentication failure its content is undefined.
    ///   - capacity: How many bytes fit there.
    ///   - state: The state of the packet's SSRC; `state.index(of:)` tells, before the call, which index is assumed.
    /// - Returns: The payload's length with padding, or a negative ``SRTPError`` code.
    ///
    /// Mutating, so that the receiver with its expanded keys is used where it lies and not copied for each packet.
    public mutating func unprotect(
        packet: UnsafeRawPointer, length: Int, headerLength: Int, into payload: UnsafeMutableRawPointer,
        capacity: Int, state: inout SRTPReceiveState
    ) -> Int {
        let tagLength = profile.tagLength
        guard headerLength >= 12, length &- tagLength >= headerLength else { return SRTPError.truncated.rawValue }
        let payloadLength = length &- headerLength &- tagLength
        guard payloadLength <= capacity else { return SRTPError.insufficientCapacity.rawValue }
        guard let index = state.index(of: packet.loadBigEndian16(2)), state.accepts(index) else {
            return SRTPError.replayed.rawValue
        }
        let ssrc = packet.loadBigEndian32(8)
        let body = packet + headerLength
        switch media {
        case .galoisCounter(let transform):
            var nonce = transform.mediaNonce(ssrc: ssrc, index: index)
            let opened = transform.cipher.open(
                body, count: payloadLength &+ tagLength, into: payload, nonce: &nonce,
                header: packet, headerLength: headerLength)
            guard opened == payloadLength else { return SRTPError.authenticationFailed.rawValue }
        case .counterMode(let transform):
            let authenticated = headerLength &+ payloadLength
            let authentic = withUnsafeTemporaryTag { tag in
                transform.authenticator.authenticate(
                    packet, count: authenticated, suffix: UInt32(truncatingIfNeeded: index >> 16), into: tag)
                return constantTimeEquals(tag, packet + authenticated, count: tagLength)
            }
            guard authentic else { return SRTPError.authenticationFailed.rawValue }
            transform.apply(body, count: payloadLength, into: payload, ssrc: ssrc, index: index)
        }
        state.accept(index)
        return payloadLength
    }

    /// Checks an SRTCP packet and decrypts it to `output`.
    ///
    /// Replay is remembered per sender SSRC for the 64 used last. Packets that say they are not encrypted are refused
    /// as not authentic: no profile of ours allows them.
    /// - Parameters:
    ///   - packet: The packet as received; it is not changed.
    ///   - output: Where the compound RTCP packet goes, disjoint from the packet.
    ///   - capacity: How many bytes fit there; `length` is always enough.
    /// - Returns: The compound packet's length, or a negative ``SRTPError`` code.
    public mutating func unprotectRTCP(
        _ packet: UnsafeRawPointer, length: Int, into output: UnsafeMutableRawPointer, capacity: Int
    ) -> Int {
        let overhead = profile.controlOverhead
        guard length &- overhead >= controlHeaderLength else { return SRTPError.truncated.rawValue }
        let plainLength = length &- overhead
        guard plainLength <= capacity else { return SRTPError.insufficientCapacity.rawValue }
        // The index stands behind the tag in RFC 7714 and before it in RFC 3711.
        let wordOffset =
            switch profile {
            case .aeadAES128GCM, .aeadAES256GCM: length &- 4
            case .aes128CMSHA1_80: plainLength
            }
        let word = packet.loadBigEndian32(wordOffset)
        guard word & encryptedFlag != 0 else { return SRTPError.authenticationFailed.rawValue }
        let index = word & ~encryptedFlag
        let ssrc = packet.loadBigEndian32(4)
        guard controlSources.accepts(index, from: SSRC(ssrc)) else { return SRTPError.replayed.rawValue }
        let body = packet + controlHeaderLength
        let bodyLength = plainLength &- controlHeaderLength
        switch control {
        case .galoisCounter(let transform):
            var nonce = transform.controlNonce(ssrc: ssrc, index: index)
            var header = controlAuthenticatedHeader(packet, word: word)
            let opened = transform.cipher.open(
                body, count: bodyLength &+ AuthenticatedCipher.tagLength, into: output + controlHeaderLength,
                nonce: &nonce, header: &header, headerLength: controlAuthenticatedHeaderLength)
            guard opened == bodyLength else { return SRTPError.authenticationFailed.rawValue }
        case .counterMode(let transform):
            let authentic = withUnsafeTemporaryTag { tag in
                transform.authenticator.authenticate(packet, count: plainLength &+ 4, into: tag)
                return constantTimeEquals(tag, packet + plainLength + 4, count: profile.tagLength)
            }
            guard authentic else { return SRTPError.authenticationFailed.rawValue }
            transform.apply(
                body, count: bodyLength, into: output + controlHeaderLength, ssrc: ssrc, index: UInt64(index))
        }
        output.copyMemory(from: packet, byteCount: controlHeaderLength)
        controlSources.accept(index, from: SSRC(ssrc))
        return plainLength
    }

    /// Checks and decrypts an SRTCP packet.
    ///
    /// - Returns: The compound RTCP packet.
    public mutating func unprotectRTCP(_ packet: RawSpan) throws(SRTPError) -> [UInt8] {
        let length = packet.byteCount
        var result = 0
        let plain = [UInt8](unsafeUninitializedCapacity: max(1, length)) { output, initialized in
            packet.withUnsafeBytes { bytes in
                guard let source = bytes.baseAddress, let target = output.baseAddress else {
                    result = SRTPError.truncated.rawValue
                    return
                }
                result = unprotectRTCP(source, length: length, into: UnsafeMutableRawPointer(target), capacity: length)
            }
            initialized = max(0, result)
        }
        if let failure = SRTPError(rawValue: result) { throw failure }
        return plain
    }
}
