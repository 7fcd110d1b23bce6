import ProtocolCore
import STUN
import Testing

@Suite struct STUNMessageTests {
    @Test func readsTheSampleRequest() throws {
        let message = try STUNMessage(SampleMessages.request)
        #expect(message.messageClass == .request)
        #expect(message.method == .binding)
        #expect(message.transactionID == SampleMessages.transactionID)
        #expect(message.software == "STUN test client")
        #expect(message.username == "evtj:h6vY")
        #expect(message.priority == 0x6e00_01ff)
        #expect(message.iceControlled == 0x932f_f9b1_5126_3b36)
        #expect(message.iceControlling == nil)
        #expect(!message.usesCandidate)
        #expect(message.unknownRequiredAttributes == [])
        #expect(message.hasIntegrity)
        #expect(message.hasValidIntegrity(key: SampleMessages.key))
        #expect(message.hasValidFingerprint)
        #expect(!message.hasValidIntegrity(key: Array("VOkJxbRl1RmTxUk/WvJxBu".utf8)))
        #expect(!message.hasValidIntegrity(key: []))
    }

    @Test func readsTheSampleResponses() throws {
        let ipv4 = try STUNMessage(SampleMessages.ipv4Response)
        #expect(ipv4.messageClass == .successResponse)
        #expect(ipv4.software == "test vector")
        #expect(ipv4.xorMappedAddress == SocketEndpoint(ipv4: 0xc000_0201, port: 32853))
        #expect(ipv4.hasValidIntegrity(key: SampleMessages.key))
        #expect(ipv4.hasValidFingerprint)

        let ipv6 = try STUNMessage(SampleMessages.ipv6Response)
        #expect(
            ipv6.xorMappedAddress
                == SocketEndpoint(ipv6High: 0x2001_0db8_1234_5678, low: 0x0011_2233_4455_6677, port: 32853))
        #expect(ipv6.hasValidIntegrity(key: SampleMessages.key))
        #expect(ipv6.hasValidFingerprint)
    }

    @Test func noticesEveryFlippedBit() throws {
        for index in SampleMessages.request.indices {
            for bit in 0..<8 {
                var bytes = SampleMessages.request
                bytes[index] ^= 1 << UInt8(bit)
                guard let message = try? STUNMessage(bytes) else { continue }
                #expect(!message.hasValidFingerprint, "byte \(index), bit \(bit)")
                // The fingerprint itself lies behind what the integrity covers.
                if index < 96 {
                    #expect(!message.hasValidIntegrity(key: SampleMessages.key), "byte \(index), bit \(bit)")
                }
            }
        }
    }

    @Test func throwsOnTruncationAtEveryOffset() {
        for sample in [SampleMessages.request, SampleMessages.ipv4Response, SampleMessages.ipv6Response] {
            for count in 0..<sample.count {
                let bytes = Array(sample.prefix(count))
                #expect(throws: ParseError.self) { try STUNMessage(bytes) }
            }
        }
    }

    @Test func refusesWhatIsNoMessage() {
        func error(_ change: (inout [UInt8]) -> Void) -> ParseError? {
            var bytes = SampleMessages.request
            change(&bytes)
            do throws(ParseError) {
                _ = try STUNMessage(bytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(error { $0[0] = 0x80 } == .malformed("message type"))
        #expect(error { $0[4] = 0 } == .malformed("magic cookie"))
        #expect(error { $0[3] = 0x57 } == .malformed("message length"))
        #expect(error { $0.append(0) } == .malformed("message length"))
        #expect(error { $0[3] = 0x54 } == .malformed("message length"))
        #expect(error { $0[22...23] = [0xff, 0xff] } == .truncated)
    }

    @Test func acceptsAtMost32Attributes() throws {
        func message(attributes: Int) -> [UInt8] {
            var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
            for _ in 0..<attributes - 1 { builder.addUseCandidate() }
            return builder.finish(integrityKey: nil)
        }
        let largest = message(attributes: 32)
        let tooLarge = message(attributes: 33)
        _ = try STUNMessage(largest)
        #expect(throws: ParseError.limitExceeded("attributes")) { try STUNMessage(tooLarge) }
    }

    @Test func ignoresWhatStandsBehindTheIntegrity() throws {
        var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
        builder.add(username: "a:b")
        builder.add(.messageIntegrity, [UInt8](repeating: 0, count: 20))
        builder.add(priority: 7)
        builder.addUseCandidate()
        builder.add(STUNAttributeType(rawValue: 0x7777), [])
        let bytes = builder.finish(integrityKey: nil)
        let message = try STUNMessage(bytes)
        #expect(message.username == "a:b")
        #expect(message.priority == nil)
        #expect(!message.usesCandidate)
        #expect(message.unknownRequiredAttributes == [])
        #expect(message.hasValidFingerprint)
        #expect(!message.hasValidIntegrity(key: SampleMessages.key))
    }

    @Test func acceptsTheFingerprintOnlyAtTheEnd() throws {
        var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
        builder.add(priority: 1)
        // A complete message inside: its fingerprint is right for its own length only.
        let inner = builder.finish(integrityKey: nil)
        var bytes = inner
        bytes += [0x80, 0x22, 0x00, 0x00]
        bytes[3] += 4
        let message = try STUNMessage(bytes)
        #expect(!message.hasValidFingerprint)
        #expect(try STUNMessage(inner).hasValidFingerprint)
    }

    @Test func reportsUnknownRequiredAttributes() throws {
        var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
        builder.add(STUNAttributeType(rawValue: 0x7fff), [1, 2, 3])
        builder.add(STUNAttributeType(rawValue: 0xc001), [1])
        builder.add(STUNAttributeType(rawValue: 0x0019), [])
        let bytes = builder.finish(integrityKey: SampleMessages.key)
        #expect(try STUNMessage(bytes).unknownRequiredAttributes == [0x7fff, 0x0019])
    }

    @Test func givesNilForValuesOfTheWrongForm() throws {
        var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
        builder.add(.priority, [1, 2, 3])
        builder.add(.iceControlling, [1])
        builder.add(.xorMappedAddress, [0, 2, 0, 0, 1, 2, 3, 4])
        builder.add(.errorCode, [0, 0, 2, 0])
        builder.add(.username, [0xff, 0xfe])
        builder.add(.unknownAttributes, [1])
        let bytes = builder.finish(integrityKey: nil)
        let message = try STUNMessage(bytes)
        #expect(message.priority == nil)
        #expect(message.iceControlling == nil)
        #expect(message.xorMappedAddress == nil)
        #expect(message.error == nil)
        #expect(message.username == nil)
        #expect(message.unknownAttributes == nil)
    }

    @Test func tellsSTUNFromOtherPackets() {
        func isSTUN(_ bytes: [UInt8]) -> Bool {
            STUNMessage.isSTUN(bytes.span.bytes)
        }
        #expect(isSTUN(SampleMessages.request))
        #expect(STUNMessage.isSTUN(firstByte: 3))
        #expect(!STUNMessage.isSTUN(firstByte: 20))
        #expect(!STUNMessage.isSTUN(firstByte: 128))
        #expect(!isSTUN(Array(SampleMessages.request.prefix(19))))
        #expect(!isSTUN([0x80] + SampleMessages.request.dropFirst()))
    }

    /// Whatever the bytes are, reading them ends in a value or an error.
    @Test func survivesMutations() {
        var generator = SeededGenerator(seed: 5769)
        var parsed = 0
        for round in 0..<4000 {
            var bytes = round % 2 == 0 ? SampleMessages.request : SampleMessages.ipv6Response
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 20..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            guard let message = try? STUNMessage(bytes) else { continue }
            parsed += 1
            _ = (message.username, message.software, message.priority, message.xorMappedAddress, message.error?.reason)
            _ = (message.unknownAttributes, message.unknownRequiredAttributes, message.iceControlling)
            _ = (message.hasValidFingerprint, message.hasIntegrity)
        }
        #expect(parsed > 400)
    }
}
