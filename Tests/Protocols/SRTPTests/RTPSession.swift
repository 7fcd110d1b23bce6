@testable import SRTP

/// Makes packets and runs both ends of the code under test, array in and array out.
struct RTPSession {
    static let ssrc: UInt32 = 0xcafe_babe

    /// An RTP packet without extensions whose payload is derived from its sequence number.
    static func packet(sequence: UInt16, ssrc: UInt32 = ssrc, payloadLength: Int = 60) -> [UInt8] {
        var packet: [UInt8] = [0x80, 96, UInt8(sequence >> 8), UInt8(sequence & 0xff), 0, 0, 1, 2]
        packet += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ssrc >> $0) }
        packet += (0..<payloadLength).map { UInt8(truncatingIfNeeded: $0 &+ Int(sequence)) }
        return packet
    }

    /// A receiver report without blocks, followed by `count` bytes of an application packet's body.
    static func report(ssrc: UInt32 = ssrc, count: Int = 24) -> [UInt8] {
        [0x80, 201, 0, 1] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ssrc >> $0) }
            + (0..<count).map { UInt8($0) }
    }

    static func masterKey(_ profile: ProtectionProfile) -> [UInt8] {
        (0..<profile.keyLength).map { UInt8(truncatingIfNeeded: $0 * 13 + 5) }
    }

    static func masterSalt(_ profile: ProtectionProfile) -> [UInt8] {
        (0..<profile.saltLength).map { UInt8(truncatingIfNeeded: $0 * 29 + 3) }
    }

    static func sender(_ profile: ProtectionProfile) -> PacketSender {
        PacketSender(SRTPSender(profile: profile, masterKey: masterKey(profile), masterSalt: masterSalt(profile)))
    }

    static func receiver(_ profile: ProtectionProfile) -> PacketReceiver {
        PacketReceiver(SRTPReceiver(profile: profile, masterKey: masterKey(profile), masterSalt: masterSalt(profile)))
    }
}

/// A sender that takes and gives arrays; a class, because expectations copy what they call.
final class PacketSender {
    private var sender: SRTPSender

    init(_ sender: consuming SRTPSender) {
        self.sender = sender
    }

    func protectRTCP(_ packet: [UInt8]) -> [UInt8] {
        sender.protectRTCP(packet)
    }

    /// Protects a whole packet; nil when `protect` reports a failure.
    func protect(_ packet: [UInt8], headerLength: Int = 12, rolloverCounter: UInt32 = 0) -> [UInt8]? {
        var output = Array(packet.prefix(headerLength))
        output += [UInt8](repeating: 0xee, count: packet.count - headerLength + ProtectionProfile.maximumTagLength)
        let length = output.withUnsafeMutableBytes { output in
            packet.withUnsafeBytes { packet in
                sender.protect(
                    header: output.baseAddress!, headerLength: headerLength,
                    payload: packet.baseAddress! + headerLength, payloadLength: packet.count - headerLength,
                    rolloverCounter: rolloverCounter)
            }
        }
        return length < 0 ? nil : Array(output.prefix(length))
    }
}

/// A receiver that takes and gives arrays; a class, because expectations copy what they call.
final class PacketReceiver {
    var receiver: SRTPReceiver

    init(_ receiver: consuming SRTPReceiver) {
        self.receiver = receiver
    }

    func unprotectRTCP(_ packet: [UInt8]) throws(SRTPError) -> [UInt8] {
        try receiver.unprotectRTCP(packet.span.bytes)
    }

    /// Unprotects a whole packet: its header and its decrypted payload.
    func unprotect(
        _ packet: [UInt8], headerLength: Int = 12, state: inout SRTPReceiveState
    ) -> Result<[UInt8], SRTPError> {
        var payload = [UInt8](repeating: 0, count: max(1, packet.count))
        let length = payload.withUnsafeMutableBytes { payload in
            (packet + [0]).withUnsafeBytes { bytes in
                receiver.unprotect(
                    packet: bytes.baseAddress!, length: packet.count, headerLength: headerLength,
                    into: payload.baseAddress!, capacity: payload.count, state: &state)
            }
        }
        if let failure = SRTPError(rawValue: length) { return .failure(failure) }
        return .success(Array(packet.prefix(headerLength)) + payload.prefix(length))
    }
}
