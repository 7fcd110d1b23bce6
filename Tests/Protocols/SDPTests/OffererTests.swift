import ICE
import PayloadFormats
import ProtocolCore
import RTP
import SDP
import Testing

/// Offers of ours, read by our own answerer, and its answers read back.
@Suite struct OffererTests {
    static let lines = [
        OfferLine(mid: Mid("0"), purpose: .microphone, streams: [PublishedStream(ssrc: SSRC(7))]),
        OfferLine(
            mid: Mid("1"), purpose: .camera, streams: [PublishedStream(ssrc: SSRC(8), rtxSSRC: SSRC(9))]),
        OfferLine(mid: Mid("2"), purpose: .screen, isActive: false),
        OfferLine(mid: Mid("3"), purpose: .audioSlot),
        OfferLine(mid: Mid("4"), purpose: .videoSlot),
        OfferLine(mid: Mid("5"), purpose: .screenSlot, codecs: [.h264, .vp8]),
    ]

    static func parameters(_ lines: [OfferLine] = lines) -> OfferParameters {
        OfferParameters(
            sessionID: 5, sessionVersion: 1,
            ice: ICECredentials(ufrag: "clientUfrag", password: "clientPassword0123456789"),
            candidates: [Candidate(host: SocketEndpoint(ipv4: 0xc000_0201, port: 5000))],
            fingerprint: CertificateFingerprint(algorithm: "sha-256", digest: Array(repeating: 0xcd, count: 32)),
            cname: "ada", lines: lines)
    }

    /// Over text, as it travels.
    func exchange(
        _ parameters: OfferParameters, change: (inout AnswerParameters) -> Void = { _ in }
    ) throws -> (negotiated: NegotiatedSession, answered: AnsweredSession) {
        let offer = try SessionDescription(parsing: Offerer.offer(parameters).description)
        var ours = AnswerParameters.test(
            purposes: Dictionary(uniqueKeysWithValues: parameters.lines.map { ($0.mid, $0.purpose) }))
        change(&ours)
        let (answer, negotiated) = try negotiate(offer, ours)
        let read = try SessionDescription(parsing: answer.description)
        return (negotiated, try Offerer.read(read, to: parameters))
    }

    @Test func isUnderstoodLineByLine() throws {
        let (session, _) = try exchange(Self.parameters())
        #expect(session.rejections.isEmpty)
        #expect(session.lines.map(\.purposes) == Self.lines.map { [$0.purpose] })
        #expect(session.lines.map(\.direction) == [.recvonly, .recvonly, .inactive, .sendonly, .sendonly, .sendonly])
        #expect(session.remoteICE == Self.parameters().ice)
        #expect(session.ourDTLSRole == .server)
        #expect(session.line(Mid("0"))?.publish?.streams == [PublishedStream(ssrc: SSRC(7))])
        #expect(session.line(Mid("1"))?.publish?.streams == [PublishedStream(ssrc: SSRC(8), rtxSSRC: SSRC(9))])
        #expect(session.line(Mid("1"))?.publish?.cname == "ada")
    }

    @Test func offersLevelsForFullHD() throws {
        let (session, _) = try exchange(Self.parameters())
        let codecs = try #require(session.line(Mid("1"))?.codecs)
        #expect(codecs.map { $0.h264?.description } == ["42e028", "640028"])
        #expect(codecs.allSatisfy { $0.packetizationMode == 1 && $0.rtxPayloadType != nil })
        #expect(codecs.allSatisfy { $0.feedback == [.nack, .pli, .fir, .transportCC] })
        #expect(session.line(Mid("5"))?.codecs.map(\.codec) == [.h264, .h264, .vp8])
    }

    @Test func readsTheAnswer() throws {
        let (negotiated, answered) = try exchange(Self.parameters())
        #expect(answered.isRemoteLite)
        #expect(answered.ourDTLSRole == .client)
        #expect(answered.remoteICE == AnswerParameters.test().ice)
        #expect(answered.remoteFingerprints == [AnswerParameters.test().fingerprint])
        #expect(answered.candidates.map(\.transport) == [.udp, .tcp])
        #expect(answered.lines.map(\.sends) == [true, true, false, false, false, false])
        #expect(answered.lines.map(\.receives) == [false, false, false, true, true, true])
        let slot = try #require(negotiated.line(Mid("4"))?.slot)
        #expect(answered.line(Mid("4"))?.streams == [PublishedStream(ssrc: slot.ssrc, rtxSSRC: slot.rtxSSRC)])
        #expect(answered.line(Mid("1"))?.codecs.map(\.payloadType) == [PayloadType(102), PayloadType(104)])
        #expect(answered.extensions[3] == .transportSequence)
        #expect(answered.extensions[1] == .audioLevel)
    }

    @Test(arguments: [0, 1, 2, 9])
    func offersDataChannelsInTheirPlace(position: Int) throws {
        let lines = [OfferLine(mid: Mid("0"), purpose: .microphone), OfferLine(mid: Mid("1"), purpose: .camera)]
        var parameters = Self.parameters(lines)
        parameters.data = OfferDataLine(mid: Mid("data"), position: position)
        let (negotiated, answered) = try exchange(parameters)
        #expect(negotiated.data?.mid == Mid("data"))
        #expect(negotiated.data?.remotePort == DataLine.port)
        #expect(answered.data?.mid == Mid("data"))
        #expect(answered.data?.remoteMaximumMessageSize == DataLine.maximumMessageSize)
        #expect(answered.lines.map(\.mid) == [Mid("0"), Mid("1")])
        #expect(answered.candidates.map(\.transport) == [.udp, .tcp])
        let offer = Offerer.offer(parameters)
        #expect(offer.media.firstIndex { $0.kind == "application" } == min(position, 2))
        #expect(!offer.media[0].attributes.candidates.isEmpty || parameters.candidates.isEmpty)
    }

    @Test func offersSimulcastLayersByRid() throws {
        let rids = [Rid("q"), Rid("h"), Rid("f")]
        let line = OfferLine(mid: Mid("0"), purpose: .camera, rids: rids)
        let (negotiated, answered) = try exchange(Self.parameters([line]))
        #expect(negotiated.line(Mid("0"))?.publish?.rids == rids)
        #expect(negotiated.line(Mid("0"))?.publish?.streams.isEmpty == true)
        #expect(answered.line(Mid("0"))?.rids == rids)
        let (_, one) = try exchange(Self.parameters([line])) { $0.maximumSimulcastLayers = 1 }
        #expect(one.line(Mid("0"))?.rids == [Rid("q")])
    }

    @Test func seesWhatWasRejected() throws {
        let lines = [OfferLine(mid: Mid("0"), purpose: .microphone), OfferLine(mid: Mid("1"), purpose: .camera)]
        var answer = try negotiate(Offerer.offer(Self.parameters(lines))).answer
        answer.media[1].port = 0
        let read = try Offerer.read(answer, to: Self.parameters(lines))
        #expect(read.lines.map(\.isAccepted) == [true, false])
        answer.media[0].port = 0
        #expect(throws: AnswerError.self) { try Offerer.read(answer, to: Self.parameters(lines)) }
        answer.media.removeLast()
        #expect(throws: AnswerError.self) { try Offerer.read(answer, to: Self.parameters(lines)) }
    }

    @Test(arguments: ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=rtcp-mux"])
    func needsEveryPartOfTheTransport(name: String) throws {
        let lines = [OfferLine(mid: Mid("0"), purpose: .microphone)]
        let text = try negotiate(Offerer.offer(Self.parameters(lines))).answer.description
        let cut = text.split(separator: "\r\n").filter { !$0.hasPrefix(name) }.joined(separator: "\r\n") + "\r\n"
        let answer = try SessionDescription(parsing: cut)
        #expect(throws: AnswerError.self) { try Offerer.read(answer, to: Self.parameters(lines)) }
    }

    /// A browser answers in the same form as our server.
    @Test func keepsOnlyCodecsThatItOffered() throws {
        let lines = [OfferLine(mid: Mid("0"), purpose: .camera)]
        var answer = try negotiate(Offerer.offer(Self.parameters(lines))).answer
        answer.media[0].formats.append("96")
        answer.media[0].attributes.append("rtpmap", "96 VP8/90000")
        let read = try Offerer.read(answer, to: Self.parameters(lines))
        #expect(read.lines[0].codecs.map(\.codec) == [.h264, .h264])
    }
}
