import ProtocolCore
import Testing

@testable import SRTP

@Suite struct ControlTests {
    @Test(arguments: ProtectionProfile.allCases)
    func everyByteIsAuthenticated(profile: ProtectionProfile) throws {
        let sender = RTPSession.sender(profile)
        let receiver = RTPSession.receiver(profile)
        let packet = sender.protectRTCP(RTPSession.report())
        for position in packet.indices {
            var tampered = packet
            tampered[position] ^= 0x80
            #expect(throws: SRTPError.authenticationFailed, "byte \(position)") {
                try receiver.unprotectRTCP(tampered)
            }
        }
        #expect(try receiver.unprotectRTCP(packet) == RTPSession.report())
    }

    @Test(arguments: ProtectionProfile.allCases)
    func everyTruncationIsRefused(profile: ProtectionProfile) throws {
        let sender = RTPSession.sender(profile)
        let receiver = RTPSession.receiver(profile)
        let packet = sender.protectRTCP(RTPSession.report())
        for length in 0..<packet.count {
            let piece = Array(packet.prefix(length))
            #expect(throws: SRTPError.self, "length \(length)") { try receiver.unprotectRTCP(piece) }
        }
    }

    @Test(arguments: ProtectionProfile.allCases)
    func replaysAreRefusedPerSource(profile: ProtectionProfile) throws {
        let sender = RTPSession.sender(profile)
        let receiver = RTPSession.receiver(profile)
        let first = sender.protectRTCP(RTPSession.report(ssrc: 1))
        let second = sender.protectRTCP(RTPSession.report(ssrc: 2))
        let third = sender.protectRTCP(RTPSession.report(ssrc: 1))
        _ = try receiver.unprotectRTCP(third)
        _ = try receiver.unprotectRTCP(first)
        _ = try receiver.unprotectRTCP(second)
        for packet in [first, second, third] {
            #expect(throws: SRTPError.replayed) { try receiver.unprotectRTCP(packet) }
        }
    }

    @Test func sourcesAreBoundedAndTheLeastRecentGoes() {
        var list = ControlReplayList()
        for number in 0..<UInt32(ControlReplayList.limit) { list.accept(1, from: SSRC(number)) }
        list.accept(2, from: SSRC(0))
        list.accept(1, from: SSRC(1_000))
        #expect(list.count == ControlReplayList.limit)
        #expect(!list.accepts(1, from: SSRC(0)))
        #expect(list.accepts(1, from: SSRC(1)), "the least recently used source is forgotten")
        #expect(!list.accepts(1, from: SSRC(2)))
    }

    @Test(arguments: ProtectionProfile.allCases)
    func theIndexEnds(profile: ProtectionProfile) throws {
        let keys = SessionKeys(
            profile: profile, masterKey: RTPSession.masterKey(profile), masterSalt: RTPSession.masterSalt(profile))
        let sender = PacketSender(SRTPSender(profile: profile, keys: keys, nextControlIndex: 0x7fff_ffff))
        let receiver = RTPSession.receiver(profile)
        let last = sender.protectRTCP(RTPSession.report())
        #expect(try receiver.unprotectRTCP(last) == RTPSession.report())
        #expect(sender.protectRTCP(RTPSession.report()).isEmpty)
    }

    @Test func tooShortPacketsAreNotProtected() {
        let sender = RTPSession.sender(.aeadAES128GCM)
        #expect(sender.protectRTCP([]).isEmpty)
        #expect(sender.protectRTCP([0x80, 201, 0, 0, 1, 2, 3]).isEmpty)
        #expect(sender.protect([UInt8](repeating: 0, count: 12), headerLength: 11) == nil)
    }

    @Test func profilesAreNumberedAsRegistered() {
        for profile in ProtectionProfile.allCases {
            #expect(ProtectionProfile(dtlsIdentifier: profile.dtlsIdentifier) == profile)
        }
        #expect(ProtectionProfile(dtlsIdentifier: 0x0002) == nil)
        #expect(ProtectionProfile.aeadAES256GCM.dtlsIdentifier == 8)
    }
}
