import ProtocolCore
import RTP
import Testing

@Suite struct HeaderExtensionTests {
    @Test(arguments: HeaderExtension.allCases)
    func findsItselfByURI(known: HeaderExtension) {
        #expect(HeaderExtension(uri: known.uri) == known)
    }

    @Test func knowsSecondTransportSequenceURI() {
        let uri = "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02"
        #expect(HeaderExtension(uri: uri) == .transportSequence)
        #expect(HeaderExtension(uri: "urn:ietf:params:rtp-hdrext:toffset") == nil)
    }

    @Test func mapsEveryIDAndExtension() {
        for id in UInt8(1)...31 {
            for known in HeaderExtension.allCases {
                var map = HeaderExtensionMap()
                map[id] = known
                #expect(map[id] == known)
                #expect(map.id(for: known) == id)
                #expect((UInt8(0)...255).filter { map[$0] != nil } == [id])
                #expect(HeaderExtension.allCases.filter { map.id(for: $0) != nil } == [known])
                map[id] = nil
                #expect(map == HeaderExtensionMap())
            }
        }
    }

    @Test func ignoresIDsOutsideItsRange() {
        var map = HeaderExtensionMap()
        map[0] = .mid
        map[32] = .mid
        map[255] = .mid
        #expect(map == HeaderExtensionMap())
        #expect(map[255] == nil)
    }

    @Test func keepsOneIDPerExtension() {
        var map = HeaderExtensionMap()
        map[3] = .mid
        map[4] = .rid
        map[20] = .mid
        #expect(map[3] == nil && map[20] == .mid && map.id(for: .mid) == 20)
        map[4] = .mid
        #expect(map[20] == nil && map[4] == .mid && map.id(for: .rid) == nil)
    }
}

@Suite struct ReceivedExtensionsTests {
    private var map: HeaderExtensionMap {
        var map = HeaderExtensionMap()
        map[1] = .audioLevel
        map[2] = .absoluteSendTime
        map[3] = .transportSequence
        map[4] = .mid
        map[5] = .rid
        map[6] = .repairedRid
        map[7] = .videoOrientation
        map[8] = .dependencyDescriptor
        map[9] = .playoutDelay
        return map
    }

    /// A packet with one extension block, `elements` being a whole number of words.
    private func packet(profile: String, elements: [UInt8]) -> [UInt8] {
        let words = String(elements.count / 4, radix: 16)
        let length = String(repeating: "0", count: 4 - words.count) + words
        return wire("90 60 0001 00000002 00000003" + profile + length) + elements
    }

    private func parse(_ packet: [UInt8]) throws -> ReceivedExtensions {
        let header = try RTPHeader(parsing: packet.span.bytes)
        return try ReceivedExtensions(parsing: packet.span.bytes, header: header, map: map)
    }

    @Test func readsOneByteForm() throws {
        let elements = wire("10 e3 22 a1a2a3 00 31 beef 42 616263 51 6869 60 71 70 03 82 c00102 92 00a064 00 0000")
        #expect(elements.count % 4 == 0)
        let packet = packet(profile: "bede", elements: elements)
        let found = try parse(packet)
        #expect(found.audioLevel == AudioLevel(voiceActivity: true, level: 0x63))
        #expect(found.absoluteSendTime == 0xa1a2a3)
        #expect(found.transportSequence == 0xbeef)
        #expect(try found.mid?.text(in: packet.span.bytes) == "abc")
        #expect(try found.rid?.text(in: packet.span.bytes) == "hi")
        #expect(try found.repairedRid?.text(in: packet.span.bytes) == "q")
        #expect(found.videoOrientation == 3)
        #expect(found.dependencyDescriptor == PacketRange(offset: 38, length: 3))
        #expect(found.playoutDelay == 0x00a064)
    }

    @Test(arguments: ["1000", "100f"])
    func readsTwoByteForm(profile: String) throws {
        let elements = wire("01 01 63 00 02 03 a1a2a3 03 02 beef 04 03 616263 ff 00 1f 01 09 00")
        #expect(elements.count % 4 == 0)
        let packet = packet(profile: profile, elements: elements)
        let found = try parse(packet)
        #expect(found.audioLevel == AudioLevel(voiceActivity: false, level: 0x63))
        #expect(found.absoluteSendTime == 0xa1a2a3)
        #expect(found.transportSequence == 0xbeef)
        #expect(try found.mid?.text(in: packet.span.bytes) == "abc")
    }

    @Test func skipsOtherProfilesAndUnknownIDs() throws {
        #expect(try parse(packet(profile: "abcd", elements: wire("10e30000"))) == ReceivedExtensions())
        #expect(try parse(packet(profile: "bede", elements: wire("a1 0102 00"))) == ReceivedExtensions())
        let plain = wire("80 60 0001 00000002 00000003 10e3")
        #expect(try parse(plain) == ReceivedExtensions())
    }

    @Test func stopsAtIDFifteenAndAtZeroWithLength() throws {
        #expect(try parse(packet(profile: "bede", elements: wire("10e3 f0 31"))).audioLevel?.level == 0x63)
        #expect(try parse(packet(profile: "bede", elements: wire("f0 00 10e3"))) == ReceivedExtensions())
        #expect(try parse(packet(profile: "bede", elements: wire("05 00 10e3"))) == ReceivedExtensions())
    }

    @Test(arguments: [
        // An element that runs past the block, in either form, and a lone id.
        ("bede", "10e3 00 31"), ("bede", "43 616263"), ("1000", "0403 6162"), ("1000", "0101 63 04"),
    ])
    func refusesElementsPastTheBlock(profile: String, elements: String) {
        let packet = packet(profile: profile, elements: wire(elements)) + wire("ffffffff")
        #expect(throws: ParseError.malformed("header extension element length")) { try parse(packet) }
    }

    @Test(arguments: [
        ("bede", "30 01 0000"), ("bede", "21 0102 00"), ("bede", "81 0102 00"), ("1000", "0100 0000"),
        ("1000", "0400 0000"), ("bede", "91 0102 00"),
    ])
    func refusesShortValues(profile: String, elements: String) {
        let packet = packet(profile: profile, elements: wire(elements))
        #expect(throws: ParseError.malformed("header extension value length")) { try parse(packet) }
    }

    @Test func refusesHeaderOfLongerPacket() throws {
        let whole = packet(profile: "bede", elements: wire("10e30000"))
        let header = try RTPHeader(parsing: whole.span.bytes)
        for length in 0..<whole.count {
            let cut = Array(whole[..<length])
            #expect(throws: ParseError.truncated) {
                try ReceivedExtensions(parsing: cut.span.bytes, header: header, map: map)
            }
        }
    }

    @Test func refusesTextThatIsNotUTF8() {
        let bytes: [UInt8] = [0xff, 0xfe]
        #expect(throws: ParseError.malformed("header extension text")) {
            try PacketRange(offset: 0, length: 2).text(in: bytes.span.bytes)
        }
        #expect(throws: ParseError.truncated) { try PacketRange(offset: 1, length: 2).text(in: bytes.span.bytes) }
    }

    @Test func audioLevelKeepsItsRange() {
        #expect(AudioLevel(voiceActivity: true, level: 255).level == 127)
        for byte in UInt8(0)...255 {
            #expect(AudioLevel(rawValue: byte).rawValue == byte)
        }
    }
}
