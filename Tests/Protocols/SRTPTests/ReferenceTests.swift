import ProtocolCore
import TestSupport
import Testing

@testable import SRTP

/// Our packets against libsrtp2's, both ways.
@Suite(.serialized) struct ReferenceTests {
    @Test(arguments: ProtectionProfile.allCases)
    func ourMediaIsReadByTheReference(profile: ProtectionProfile) {
        let sender = RTPSession.sender(profile)
        let reference = ReferenceSession(profile, outbound: false)
        var generator = SeededGenerator(seed: 1)
        // Two wraps of the sequence number would take 131,072 packets; steps of 300 make it 450.
        for step in 0..<450 {
            let index = UInt64(40_000 + step * 300)
            let packet = RTPSession.packet(
                sequence: UInt16(truncatingIfNeeded: index), payloadLength: Int.random(in: 0...1300, using: &generator))
            let protected = sender.protect(packet, rolloverCounter: UInt32(index >> 16))
            #expect(protected?.count == packet.count + profile.tagLength)
            #expect(protected.flatMap(reference.unprotect) == packet, "index \(index)")
        }
    }

    @Test(arguments: ProtectionProfile.allCases)
    func theReferencesMediaIsReadByUs(profile: ProtectionProfile) {
        let receiver = RTPSession.receiver(profile)
        let reference = ReferenceSession(profile, outbound: true)
        var state = SRTPReceiveState()
        var generator = SeededGenerator(seed: 2)
        for step in 0..<450 {
            let index = UInt64(30_000 + step * 300)
            let packet = RTPSession.packet(
                sequence: UInt16(truncatingIfNeeded: index), payloadLength: Int.random(in: 0...1300, using: &generator))
            guard let protected = reference.protect(packet) else {
                Issue.record("The reference refused index \(index)")
                return
            }
            #expect(receiver.unprotect(protected, state: &state) == .success(packet), "index \(index)")
            #expect(state.highestIndex == index)
        }
    }

    /// Extensions and CSRCs are authenticated, not encrypted.
    @Test(arguments: ProtectionProfile.allCases)
    func headersWithExtensions(profile: ProtectionProfile) {
        let header = hex("91600007 00000000 cafebabe 01020304 bede0001 10aa2000")
        let packet = header + (0..<100).map { UInt8($0) }
        let protected = RTPSession.sender(profile).protect(packet, headerLength: header.count)
        #expect(protected?.prefix(header.count) == header.prefix(header.count))
        #expect(protected.flatMap(ReferenceSession(profile, outbound: false).unprotect) == packet)

        let reference = ReferenceSession(profile, outbound: true).protect(packet)
        var state = SRTPReceiveState()
        #expect(reference == protected)
        #expect(
            RTPSession.receiver(profile).unprotect(reference ?? [], headerLength: header.count, state: &state)
                == .success(packet))
    }

    @Test(arguments: ProtectionProfile.allCases)
    func controlBothWays(profile: ProtectionProfile) throws {
        let sender = RTPSession.sender(profile)
        let receiver = RTPSession.receiver(profile)
        let outbound = ReferenceSession(profile, outbound: true)
        let inbound = ReferenceSession(profile, outbound: false)
        for number in 0..<100 {
            let report = RTPSession.report(ssrc: UInt32(7 + number % 3), count: number / 2 * 4)
            #expect(inbound.unprotectRTCP(sender.protectRTCP(report)) == report)
            let protected = try #require(outbound.protectRTCP(report))
            #expect(protected.count == report.count + profile.controlOverhead)
            #expect(try receiver.unprotectRTCP(protected) == report)
        }
    }

    /// The same shuffled, lossy, repeating sequence gives the same verdicts as the reference's.
    @Test(arguments: ProtectionProfile.allCases)
    func verdictsUnderReorderingLossAndReplay(profile: ProtectionProfile) {
        let sender = RTPSession.sender(profile)
        let receiver = RTPSession.receiver(profile)
        let reference = ReferenceSession(profile, outbound: false)
        var state = SRTPReceiveState()
        var generator = SeededGenerator(seed: 3)
        var accepted = 0
        var newest: UInt64 = 65_000
        for _ in 0..<1_200 {
            // Mostly forward with gaps, sometimes back by up to 200: into the window, and out of it.
            let forward = Int.random(in: 0..<10, using: &generator) < 6
            let index =
                forward
                ? newest + UInt64.random(in: 1...4, using: &generator)
                : newest - UInt64.random(in: 0...200, using: &generator)
            newest = max(newest, index)
            let packet = RTPSession.packet(sequence: UInt16(truncatingIfNeeded: index), payloadLength: 20)
            guard let protected = sender.protect(packet, rolloverCounter: UInt32(index >> 16)) else {
                Issue.record("Index \(index) was not protected")
                return
            }
            let ours = receiver.unprotect(protected, state: &state)
            #expect((try? ours.get()) == reference.unprotect(protected), "index \(index)")
            if case .success = ours { accepted += 1 }
        }
        #expect(accepted > 750 && accepted < 1_100)
        #expect(state.highestIndex >> 16 == 1)
    }
}
