internal import Cryptography

/// Protects what we send to one peer: RTP and RTCP of all our SSRCs in one DTLS-SRTP session.
///
/// Both directions of a session have keys of their own, so one sender serves any number of SSRCs, as long as no two
/// RTP packets share SSRC, rollover counter and sequence number. That is the caller's duty and a hard one: with the
/// AEAD profiles a repeated index with other content gives away the authentication key (RFC 7714 §8.4). Sending the
/// same bytes again is harmless, but a changed header extension, a new transport-wide sequence number say, is other
/// content: retransmit such packets on an RTX stream (RFC 4588).
///
/// `protect` allocates nothing.
public struct SRTPSender: ~Copyable, Sendable {
    /// The profile in use; its `tagLength` is what each packet grows by.
    public let profile: ProtectionProfile
    private let media: PacketTransform
    private let control: PacketTransform
    /// The index of the next RTCP packet (RFC 3711 §3.4).
    private var controlIndex: UInt32

    /// Indices have 31 bits; the word's top bit says that the packet is encrypted.
    private static let controlIndexLimit: UInt32 = 0x8000_0000

    /// - Parameters:
    ///   - masterKey: `profile.keyLength` bytes; any other length is a programming error.
    ///   - masterSalt: `profile.saltLength` bytes; any other length is a programming error.
    public init(profile: ProtectionProfile, masterKey: [UInt8], masterSalt: [UInt8]) {
        self.init(
            profile: profile, keys: SessionKeys(profile: profile, masterKey: masterKey, masterSalt: masterSalt))
    }

    /// A sender with derived keys, as published test vectors give them, at any SRTCP index.
    init(profile: ProtectionProfile, keys: SessionKeys, nextControlIndex: UInt32 = 0) {
        self.profile = profile
        media = PacketTransform(profile, keys.media)
        control = PacketTransform(profile, keys.control)
        controlIndex = nextControlIndex
    }

    /// A sender with the local keys of a handshake.
    public init(_ keys: SRTPKeyingMaterial) {
        self.init(profile: keys.profile, masterKey: keys.localKey, masterSalt: keys.localSalt)
    }

    /// Makes an SRTP packet of a written header and a payload that lies elsewhere.
    ///
    /// SSRC and sequence number are read from the header. The payload is encrypted to `header + headerLength` and the
    /// tag follows it, so there must be room for `payloadLength + 16` bytes behind the header. The payload may also
    /// lie at `header + headerLength` already, but may not overlap the output in another way.
    /// - Parameters:
    ///   - headerLength: The length of the RTP header with CSRCs and extensions, 12 at least.
    ///   - payloadLength: The payload with its padding, 0 or more.
    ///   - rolloverCounter: How often the sequence number of this SSRC has wrapped (RFC 3711 §3.3.1).
    /// - Returns: The length of the whole packet, or -1 when a length is out of range.
    ///
    /// Mutating, so that the sender with its expanded keys is used where it lies and not copied for each packet.
    public mutating func protect(
        header: UnsafeMutableRawPointer, headerLength: Int, payload: UnsafeRawPointer, payloadLength: Int,
        rolloverCounter: UInt32
    ) -> Int {
        guard headerLength >= 12, payloadLength >= 0 else { return -1 }
        let ssrc = UnsafeRawPointer(header).loadBigEndian32(8)
        let index = UInt64(rolloverCounter) << 16 | UInt64(UnsafeRawPointer(header).loadBigEndian16(2))
        let output = header + headerLength
        switch media {
        case .galoisCounter(let transform):
            var nonce = transform.mediaNonce(ssrc: ssrc, index: index)
            let length = transform.cipher.seal(
                payload, count: payloadLength, into: output, nonce: &nonce,
                header: header, headerLength: headerLength)
            return length < 0 ? -1 : headerLength &+ length
        case .counterMode(let transform):
            transform.apply(payload, count: payloadLength, into: output, ssrc: ssrc, index: index)
            let tagLength = ProtectionProfile.aes128CMSHA1_80.tagLength
            let authenticated = headerLength &+ payloadLength
            withUnsafeTemporaryTag { tag in
                transform.authenticator.authenticate(
                    header, count: authenticated, suffix: rolloverCounter, into: tag)
                (header + authenticated).copyMemory(from: tag, byteCount: tagLength)
            }
            return authenticated &+ tagLength
        }
    }

    /// Makes an SRTCP packet of a compound RTCP packet, in place, and uses up one index.
    ///
    /// There must be room for `profile.controlOverhead` bytes behind the packet.
    /// - Parameter length: The length of the compound packet, 8 at least.
    /// - Returns: The length of the whole packet, or a negative ``SRTPError`` code: `truncated`, `keyExhausted`.
    public mutating func protectRTCP(_ packet: UnsafeMutableRawPointer, length: Int) -> Int {
        guard length >= controlHeaderLength else { return SRTPError.truncated.rawValue }
        guard controlIndex < Self.controlIndexLimit else { return SRTPError.keyExhausted.rawValue }
        let index = controlIndex
        controlIndex += 1
        let ssrc = UnsafeRawPointer(packet).loadBigEndian32(4)
        let word = index | encryptedFlag
        let body = packet + controlHeaderLength
        let bodyLength = length &- controlHeaderLength
        switch control {
        case .galoisCounter(let transform):
            var nonce = transform.controlNonce(ssrc: ssrc, index: index)
            var header = controlAuthenticatedHeader(packet, word: word)
            let sealed = transform.cipher.seal(
                body, count: bodyLength, into: body, nonce: &nonce,
                header: &header, headerLength: controlAuthenticatedHeaderLength)
            guard sealed >= 0 else { return SRTPError.truncated.rawValue }
            body.storeBigEndian32(word, sealed)
            return controlHeaderLength &+ sealed &+ 4
        case .counterMode(let transform):
            transform.apply(body, count: bodyLength, into: body, ssrc: ssrc, index: UInt64(index))
            packet.storeBigEndian32(word, length)
            let tagLength = ProtectionProfile.aes128CMSHA1_80.tagLength
            withUnsafeTemporaryTag { tag in
                transform.authenticator.authenticate(packet, count: length &+ 4, into: tag)
                (packet + length + 4).copyMemory(from: tag, byteCount: tagLength)
            }
            return length &+ 4 &+ tagLength
        }
    }

    /// Makes an SRTCP packet of a compound RTCP packet and uses up one index.
    ///
    /// - Returns: The packet to send; empty when the compound packet is shorter than 8 bytes or, after 2^31 packets,
    ///   the key has no index left.
    public mutating func protectRTCP(_ packet: [UInt8]) -> [UInt8] {
        let capacity = packet.count + ProtectionProfile.maximumControlOverhead
        return [UInt8](unsafeUninitializedCapacity: capacity) { output, initialized in
            guard let base = output.baseAddress else { return }
            _ = output.initialize(from: packet)
            initialized = max(0, protectRTCP(UnsafeMutableRawPointer(base), length: packet.count))
        }
    }
}
