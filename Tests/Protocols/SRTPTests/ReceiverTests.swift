import Testing

@testable import SRTP

@Suite struct ReceiverTests {
    @Test(arguments: ProtectionProfile.allCases)
    func aReplayIsRefused(profile: ProtectionProfile) throws {
        let packet = try #require(RTPSession.sender(profile).protect(RTPSession.packet(sequence: 9)))
        let receiver = RTPSession.receiver(profile)
        var state = SRTPReceiveState()
        #expect(receiver.unprotect(packet, state: &state) == .success(RTPSession.packet(sequence: 9)))
        #expect(receiver.unprotect(packet, state: &state) == .failure(.replayed))
    }

    @Test(arguments: ProtectionProfile.allCases)
    func everyByteIsAuthenticated(profile: ProtectionProfile) throws {
        let packet = try #require(RTPSession.sender(profile).protect(RTPSession.packet(sequence: 9)))
        let receiver = RTPSession.receiver(profile)
        for position in packet.indices {
            for bit in [UInt8(1), 0x80] {
                var tampered = packet
                tampered[position] ^= bit
                var state = SRTPReceiveState()
                #expect(
                    receiver.unprotect(tampered, state: &state) == .failure(.authenticationFailed),
                    "byte \(position)")
                #expect(state == SRTPReceiveState())
            }
        }
    }

    @Test(arguments: ProtectionProfile.allCases)
    func everyTruncationIsRefused(profile: ProtectionProfile) throws {
        let packet = try #require(RTPSession.sender(profile).protect(RTPSession.packet(sequence: 9)))
        let receiver = RTPSession.receiver(profile)
        var state = SRTPReceiveState()
        for length in 0..<packet.count {
            let expected: SRTPError = length < 12 + profile.tagLength ? .truncated : .authenticationFailed
            #expect(receiver.unprotect(Array(packet.prefix(length)), state: &state) == .failure(expected))
        }
        #expect(receiver.unprotect(packet, headerLength: 11, state: &state) == .failure(.truncated))
        #expect(receiver.unprotect(packet, headerLength: packet.count, state: &state) == .failure(.truncated))
        #expect(receiver.unprotect(packet, headerLength: .max, state: &state) == .failure(.truncated))
        #expect(state == SRTPReceiveState())
    }

    @Test(arguments: ProtectionProfile.allCases)
    func anOutputTooSmallIsRefused(profile: ProtectionProfile) throws {
        let packet = try #require(RTPSession.sender(profile).protect(RTPSession.packet(sequence: 9)))
        let receiver = RTPSession.receiver(profile)
        var state = SRTPReceiveState()
        var output = [UInt8](repeating: 0, count: 59)
        let result = receiver.receiver.unprotect(
            packet: packet, length: packet.count, headerLength: 12, into: &output, capacity: 59, state: &state)
        #expect(result == SRTPError.insufficientCapacity.rawValue)
        #expect(output.allSatisfy { $0 == 0 })
    }

    @Test(arguments: ProtectionProfile.allCases)
    func decryptionInPlace(profile: ProtectionProfile) throws {
        let plain = RTPSession.packet(sequence: 9)
        var packet = try #require(RTPSession.sender(profile).protect(plain))
        let receiver = RTPSession.receiver(profile)
        var state = SRTPReceiveState()
        let length = packet.count
        let result = packet.withUnsafeMutableBytes { bytes in
            receiver.receiver.unprotect(
                packet: UnsafeRawPointer(bytes.baseAddress!), length: length, headerLength: 12,
                into: bytes.baseAddress! + 12, capacity: length - 12, state: &state)
        }
        #expect(result == 60)
        #expect(Array(packet.prefix(72)) == plain)
    }

    @Test func theSequenceNumberWrapsWithReordering() throws {
        let sender = RTPSession.sender(.aeadAES128GCM)
        let receiver = RTPSession.receiver(.aeadAES128GCM)
        var state = SRTPReceiveState()
        for index: UInt64 in [65_530, 65_538, 65_535, 65_536, 65_534, 65_537, 131_000, 131_080, 131_069] {
            let packet = RTPSession.packet(sequence: UInt16(truncatingIfNeeded: index))
            let protected = try #require(sender.protect(packet, rolloverCounter: UInt32(index >> 16)))
            if index == 131_000 { state = SRTPReceiveState.at(index: 130_990) }
            #expect(receiver.unprotect(protected, state: &state) == .success(packet), "index \(index)")
        }
        #expect(state.highestIndex == 131_080)
    }

    @Test func theIndexEstimateFollowsTheRFC() {
        var state = SRTPReceiveState()
        #expect(state.index(of: 65_535) == 65_535)
        state = .at(index: 100)
        #expect(state.index(of: 101) == 101)
        #expect(state.index(of: 65_535) == nil, "nothing comes before the start")
        state = .at(index: 0x1_ffff)
        #expect(state.index(of: 0) == 0x2_0000)
        #expect(state.index(of: 0xfffe) == 0x1_fffe)
        state = .at(index: 0x2_0001)
        #expect(state.index(of: 0xffff) == 0x1_ffff)
        #expect(state.index(of: 0x8001) == 0x2_8001, "exactly half a cycle ahead is ahead")
        #expect(state.index(of: 0x8002) == 0x1_8002)
        state = .at(index: 0xffff_ffff_ffff)
        #expect(state.index(of: 0) == nil, "the key ends here")
    }

    @Test func theWindowRemembers128Indices() {
        var window = ReplayWindow()
        window.insert(1_000)
        #expect(!window.accepts(1_000))
        #expect(window.accepts(873))
        #expect(!window.accepts(872))
        for index in stride(from: UInt64(873), to: 1_000, by: 2) { window.insert(index) }
        for index in UInt64(873)..<1_000 {
            #expect(window.accepts(index) == (index % 2 == 0), "index \(index)")
        }
        for step: UInt64 in [1, 62, 63, 64, 65, 127, 128, 500] {
            var moved = window
            moved.insert(1_000 + step)
            for index in UInt64(874) + step..<1_001 + step {
                let seen = index == 1_000 + step || index == 1_000 || (index < 1_000 && index % 2 == 1)
                #expect(moved.accepts(index) == !seen, "index \(index) after a step of \(step)")
            }
            #expect(!moved.accepts(872 + step))
        }
    }
}

extension SRTPReceiveState {
    /// The state after one accepted packet.
    static func at(index: UInt64) -> SRTPReceiveState {
        var state = SRTPReceiveState()
        state.accept(index)
        return state
    }
}
