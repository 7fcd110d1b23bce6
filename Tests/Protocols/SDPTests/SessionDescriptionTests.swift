import ProtocolCore
import SDP
import Testing

@Suite struct SessionDescriptionTests {
    @Test(arguments: Offers.names)
    func writesRecordedOffersAsTheyCame(name: String) throws {
        let text = try Offers.text(name)
        let offer = try SessionDescription(parsing: text)
        #expect(offer.description == text)
    }

    @Test(arguments: Offers.names)
    func readsEitherLineEnding(name: String) throws {
        let text = try Offers.text(name)
        #expect(text.contains("\r\n"))
        let withoutReturns = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\r" }))
        #expect(try SessionDescription(parsing: withoutReturns) == SessionDescription(parsing: text))
    }

    @Test func readsTheFixedParts() throws {
        let offer = try Offers.offer("firefox-plain")
        #expect(offer.origin.username.hasPrefix("mozilla"))
        #expect(offer.origin.address.address == "0.0.0.0")
        #expect(offer.name == "-")
        #expect(offer.timings == ["0 0"])
        #expect(offer.media.map(\.kind) == ["audio", "video"])
        #expect(offer.media[0].transport == "UDP/TLS/RTP/SAVPF")
        #expect(offer.media[0].formats == ["109", "9", "0", "8", "101"])
        #expect(offer.media[0].connection?.address == "192.0.2.2")
    }

    @Test func keepsUnknownAttributes() throws {
        let text = Offers.minimal + "a=x-new:some value: with colons\na=x-flag\n"
        let media = try #require(try SessionDescription(parsing: text).media.first)
        #expect(media.attributes.value("x-new") == "some value: with colons")
        #expect(media.attributes.contains("x-flag"))
        #expect(media.attributes.value("x-flag") == nil)
    }

    func error(_ text: String) -> SDPError? {
        do throws(SDPError) {
            _ = try SessionDescription(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    @Test func saysWhichLineIsWrong() {
        let start = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
        #expect(error(start) == nil)
        #expect(error("")?.line == 1)
        #expect(error("\n\n\n")?.line == 4)
        #expect(error("hello")?.line == 1)
        #expect(error("v=1\n")?.line == 1)
        #expect(error("v=0\ns=-\n")?.line == 2)
        #expect(error("v=0\no=- 1 1 IN IP4\n")?.line == 2)
        #expect(error("v=0\no=- x 1 IN IP4 127.0.0.1\n")?.line == 2)
        #expect(error("v=0\no=- 1 1 IN IP4 127.0.0.1\n")?.line == 3)
        #expect(error(start + "v=0\n")?.line == 5)
        #expect(error(start + "s=again\n")?.line == 5)
        #expect(error(start + "q=1\n")?.line == 5)
        #expect(error(start + "a\n")?.line == 5)
        #expect(error(start + "a=\n")?.line == 5)
        #expect(error(start + "a=:value\n")?.line == 5)
        #expect(error(start + "a=bad name\n")?.line == 5)
        #expect(error(start + "a=nul\u{0}\n")?.line == 5)
        #expect(error(start + "m=audio 9 RTP/AVP\n")?.line == 5)
        #expect(error(start + "m=audio 65536 RTP/AVP 0\n")?.line == 5)
        #expect(error(start + "m=audio 9/x RTP/AVP 0\n")?.line == 5)
        #expect(error(start + "m=audio 9 RTP/AVP 0\nt=0 0\n")?.line == 6)
        #expect(error(start + "c=IN IP4\n")?.line == 5)
        #expect(error(start + "i=information\nu=x\ne=x\np=x\nr=x\nz=x\nk=x\n") == nil)
        #expect(error("v=0\no=- 1\n")?.description == "SDP line 2: \(error("v=0\no=- 1\n")?.reason ?? "")")
    }

    @Test func holdsItsLimits() {
        let start = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
        func lines(_ line: String, _ count: Int) -> String {
            start + String(repeating: line + "\n", count: count)
        }
        #expect(error(lines("m=audio 9 RTP/AVP 0", 128)) == nil)
        #expect(error(lines("m=audio 9 RTP/AVP 0", 129))?.line == 4 + 129)
        #expect(error(lines("a=x", 512)) == nil)
        #expect(error(lines("a=x", 513))?.line == 4 + 513)
        #expect(error(lines("t=0 0", 15)) == nil)
        #expect(error(lines("t=0 0", 16))?.line == 4 + 16)
        #expect(error(lines("b=AS:1", 17))?.line == 4 + 17)
        let formats = String(repeating: " 0", count: 128)
        #expect(error(lines("m=audio 9 RTP/AVP\(formats)", 1)) == nil)
        #expect(error(lines("m=audio 9 RTP/AVP\(formats) 0", 1))?.line == 5)
        #expect(error(lines("a=" + String(repeating: "x", count: 8190), 1)) == nil)
        #expect(error(lines("a=" + String(repeating: "x", count: 8191), 1))?.line == 5)
        #expect(error(lines("a=" + String(repeating: "x", count: 1000), 300))?.line == 1)
    }

    /// Each bound is filled, and one more refused by the bound's name.
    @Test func namesTheLimitThatIsHit() throws {
        let bounds = SessionDescription.Limit.self
        let part = "m=audio 9 RTP/AVP 0\n"
        let start = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
        func formats(_ count: Int) -> String {
            "m=audio 9 RTP/AVP \((0..<count).map(String.init).joined(separator: " "))\n"
        }
        let cases: [(limit: String, most: String, tooMuch: String)] = [
            (
                "sdp.lineLength", start + "a=" + String(repeating: "x", count: bounds.lineLength - 2),
                start + "a=" + String(repeating: "x", count: bounds.lineLength - 1)
            ),
            (
                "sdp.mediaLines", start + String(repeating: part, count: bounds.mediaLines),
                start + String(repeating: part, count: bounds.mediaLines + 1)
            ),
            (
                "sdp.attributes", start + part + String(repeating: "a=x\n", count: bounds.attributes),
                start + part + String(repeating: "a=x\n", count: bounds.attributes + 1)
            ),
            ("sdp.formats", start + formats(bounds.formats), start + formats(bounds.formats + 1)),
            (
                "sdp.otherLines", start + String(repeating: "b=AS:1\n", count: bounds.otherLines),
                start + String(repeating: "b=AS:1\n", count: bounds.otherLines + 1)
            ),
            (
                "sdp.size", start + String(repeating: "\n", count: bounds.size - start.utf8.count),
                start + String(repeating: "\n", count: bounds.size - start.utf8.count + 1)
            ),
        ]
        for (limit, most, tooMuch) in cases {
            #expect(error(most) == nil, "\(limit)")
            #expect(error(tooMuch)?.limit == limit)
        }
        #expect(Set([Limit].sdp.map(\.name)).isSuperset(of: cases.map(\.limit)))
        #expect(error("v=1\n")?.limit == nil)
    }

    @Test func endsInAValueOrAnErrorAtEveryTruncation() throws {
        let dense = Array(Offers.dense.utf8)
        for count in 0..<dense.count {
            exercise(Array(dense.prefix(count)))
        }
        // The recorded ones are long: a stride that is prime to the length of their lines.
        for name in Offers.names where name != "chromium-slots" {
            let bytes = Array(try Offers.text(name).utf8)
            for count in stride(from: 1, to: bytes.count, by: 101) {
                exercise(Array(bytes.prefix(count)))
            }
        }
    }

    @Test func survivesMutations() throws {
        var generator = SeededGenerator(seed: 8866)
        var parsed = 0
        let samples = try [Offers.dense] + ["aiortc-plain", "firefox-plain"].map { try Offers.text($0) }
        for round in 0..<400 {
            var bytes = Array(samples[round % samples.count].utf8)
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[position] = .random(in: 0...255, using: &generator)
                case 1: bytes[position] = Array("0123456789 :;/=-,~".utf8).randomElement(using: &generator) ?? 0
                case 2: bytes.removeSubrange(position..<min(bytes.count, position + 7))
                default: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 40)], at: position)
                }
            }
            if exercise(bytes) { parsed += 1 }
        }
        #expect(parsed > 100)
        #expect(parsed < 400)
    }

    /// Reads everything there is to read, and answers; gives whether the bytes were a description.
    @discardableResult
    private func exercise(_ bytes: [UInt8]) -> Bool {
        guard let offer = try? SessionDescription(parsing: String(decoding: bytes, as: UTF8.self)) else { return false }
        for attributes in [offer.attributes] + offer.media.map(\.attributes) {
            _ = (attributes.iceCredentials, attributes.iceOptions, attributes.candidates, attributes.fingerprints)
            _ = (attributes.setup, attributes.mid, attributes.bundles, attributes.direction, attributes.rtpMaps)
            _ = (attributes.formatParameters, attributes.extensionMappings, attributes.ssrcAttributes)
            _ = (attributes.ssrcGroups, attributes.mediaStreamIDs, attributes.sentRids, attributes.receivedRids)
            _ = attributes.sctpPort
        }
        if let (answer, _) = try? negotiate(offer) {
            #expect((try? SessionDescription(parsing: answer.description)) == answer)
        }
        return true
    }
}
