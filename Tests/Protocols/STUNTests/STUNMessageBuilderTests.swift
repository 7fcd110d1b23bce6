import ProtocolCore
import STUN
import Testing

@Suite struct STUNMessageBuilderTests {
    @Test func writesARequestThatReadsBack() throws {
        var builder = STUNMessageBuilder(.request, transactionID: SampleMessages.transactionID)
        builder.add(username: "evtj:h6vY")
        builder.add(software: "switchboard")
        builder.add(priority: 0x6e00_01ff)
        builder.add(iceControlling: 0x1122_3344_5566_7788)
        builder.addUseCandidate()
        let bytes = builder.finish(integrityKey: SampleMessages.key)
        #expect(bytes.count % 4 == 0)
        let message = try STUNMessage(bytes)
        #expect(message.messageClass == .request)
        #expect(message.method == .binding)
        #expect(message.transactionID == SampleMessages.transactionID)
        #expect(message.username == "evtj:h6vY")
        #expect(message.software == "switchboard")
        #expect(message.priority == 0x6e00_01ff)
        #expect(message.iceControlling == 0x1122_3344_5566_7788)
        #expect(message.usesCandidate)
        #expect(message.hasValidIntegrity(key: SampleMessages.key))
        #expect(message.hasValidFingerprint)
    }

    /// The RFC pads with spaces and we with zeros, so only the attribute itself has the same bytes.
    @Test func writesAddressesAsInTheSampleResponses() {
        var builder = STUNMessageBuilder(.successResponse, transactionID: SampleMessages.transactionID)
        builder.add(xorMappedAddress: SocketEndpoint(ipv4: 0xc000_0201, port: 32853))
        let bytes = builder.finish(integrityKey: nil)
        #expect(Array(bytes[20..<32]) == Array(SampleMessages.ipv4Response[36..<48]))
        var ipv6 = STUNMessageBuilder(.successResponse, transactionID: SampleMessages.transactionID)
        ipv6.add(
            xorMappedAddress: SocketEndpoint(ipv6High: 0x2001_0db8_1234_5678, low: 0x0011_2233_4455_6677, port: 32853))
        let ipv6Bytes = ipv6.finish(integrityKey: nil)
        #expect(Array(ipv6Bytes[0..<2]) == [0x01, 0x01])
        #expect(Array(ipv6Bytes[20..<44]) == Array(SampleMessages.ipv6Response[36..<60]))
    }

    @Test func writesErrorResponses() throws {
        let request = try STUNMessage(SampleMessages.request)
        var builder = STUNMessageBuilder(error: 420, reason: "Unknown Attribute", to: request)
        builder.add(unknownAttributes: [0x7fff, 0x0019, 0x0001])
        let bytes = builder.finish(integrityKey: SampleMessages.key)
        let message = try STUNMessage(bytes)
        #expect(message.messageClass == .errorResponse)
        #expect(message.transactionID == request.transactionID)
        #expect(message.error?.code == 420)
        #expect(message.error?.reason == "Unknown Attribute")
        #expect(message.unknownAttributes == [0x7fff, 0x0019, 0x0001])
        #expect(message.hasValidIntegrity(key: SampleMessages.key))

        let plain = STUNMessageBuilder(error: 401, reason: "Unauthenticated", to: request).finish(integrityKey: nil)
        let read = try STUNMessage(plain)
        #expect(!read.hasIntegrity)
        #expect(read.hasValidFingerprint)
    }

    @Test(arguments: [
        STUNMessage.Class.request, .indication, .successResponse, .errorResponse,
    ])
    func keepsClassAndMethodApart(messageClass: STUNMessage.Class) throws {
        for number in [0x001, 0x00f, 0x080, 0x5a5, 0xfff] as [UInt16] {
            let method = STUNMessage.Method(rawValue: number)
            let bytes = STUNMessageBuilder(messageClass, method, transactionID: SampleMessages.transactionID)
                .finish(integrityKey: nil)
            let message = try STUNMessage(bytes)
            #expect(message.messageClass == messageClass)
            #expect(message.method == method)
        }
    }
}
