import ProtocolCore
import SDP
import Testing

/// Every row of the table is answered line by line as it says.
@Suite struct OfferTableTests {
    @Test func answersEachLineAsExpected() throws {
        for row in try OfferTable.rows() {
            let offer = try SessionDescription(parsing: row.offer)
            let (answer, session) = try negotiate(offer)
            let found = zip(offer.media.indices, answer.media).map { index, media in
                Self.outcome(of: index, media, session)
            }
            #expect(found == row.lines, "\(row.testDescription)")
            Self.checkForm(of: answer, to: offer, row)
        }
    }

    private static func outcome(
        of index: Int, _ media: SessionDescription.Media, _ session: NegotiatedSession
    ) -> OfferTable.Line? {
        if let rejection = session.rejections.first(where: { $0.index == index }) { return .refused(rejection.reason) }
        if media.kind == "application" { return media.port == 0 ? nil : .data }
        let used = session.lines.filter(\.isAccepted)
        let line = used.first { $0.codecs.contains { media.formats.contains($0.payloadType.description) } }
        return line.flatMap { $0.codecs.first.map { .used($0.codec) } }
    }

    /// What holds for every answer (RFC 9429 §5.3.1; RFC 9143 §7.3).
    private static func checkForm(of answer: SessionDescription, to offer: SessionDescription, _ row: OfferTable.Row) {
        #expect(answer.media.count == offer.media.count, "\(row.testDescription)")
        for (ours, theirs) in zip(answer.media, offer.media) {
            #expect(ours.kind == theirs.kind)
            #expect(ours.transport == theirs.transport, "\(row.testDescription)")
            #expect(ours.attributes.mid == theirs.attributes.mid, "\(row.testDescription)")
            #expect(ours.formats.allSatisfy { theirs.formats.contains($0) })
            guard ours.port != 0, ours.kind != "application" else { continue }
            #expect(ours.attributes.hasRTCPMux)
            // Names of codecs come back letter by letter.
            let names = Set(theirs.attributes.values("rtpmap"))
            #expect(ours.attributes.values("rtpmap").allSatisfy { names.contains($0) }, "\(row.testDescription)")
        }
        let offered = offer.attributes.bundles.map(Set.init)
        for group in answer.attributes.bundles {
            #expect(offered.contains { $0.isSuperset(of: group) }, "\(row.testDescription)")
            let used = answer.media.filter { $0.port != 0 }.compactMap(\.attributes.mid)
            #expect(group.allSatisfy { used.contains($0) }, "\(row.testDescription)")
        }
        #expect((try? SessionDescription(parsing: answer.description)) == answer, "\(row.testDescription)")
    }

    /// The first line in use of an answer has the candidates, also when the first of the offer was refused.
    @Test func tellsCandidatesOnce() throws {
        for row in try OfferTable.rows() {
            let (answer, _) = try negotiate(try SessionDescription(parsing: row.offer))
            let withCandidates = answer.media.map { !$0.attributes.candidates.isEmpty }
            #expect(withCandidates.count { $0 } == 1, "\(row.testDescription)")
            #expect(withCandidates.firstIndex(of: true) == answer.media.firstIndex { $0.port != 0 })
        }
    }

    /// An ICE restart of an offer that says its credentials once is noticed, and so is its absence.
    @Test func noticesRestartsWhereverTheCredentialsAre() throws {
        for row in try OfferTable.rows() where row.offer.contains("a=ice-ufrag:cAhd") {
            let offer = try SessionDescription(parsing: row.offer)
            let session = try negotiate(offer).session
            #expect(!Answerer.isICERestart(offer, after: session), "\(row.testDescription)")
            let restarted = try SessionDescription(
                parsing: row.offer.replacing("a=ice-ufrag:cAhd", with: "a=ice-ufrag:other"))
            #expect(Answerer.isICERestart(restarted, after: session), "\(row.testDescription)")
        }
    }

    @Test func refusesCredentialsThatAreNone() throws {
        let names = [
            "abc", "a b c d", "ab:cd", "ab\"cd", "ab,cd", "ab;cd", "äbcd", "ab\tcd", String(repeating: "u", count: 257),
        ]
        for name in names {
            #expect(
                try failure(replacing: "a=ice-ufrag:cAhd", with: "a=ice-ufrag:\(name)")?.reason
                    == .missingICECredentials, "\(name)")
        }
        let short = String(repeating: "p", count: 21)
        #expect(
            try failure(replacing: "ENdIHAA1ZaGEMLUx3zAmIDMc", with: short)?.reason == .missingICECredentials)
    }

    /// What only one of the two codecs' names says must not decide about the other: rsize and feedback stay per line.
    @Test func inheritsWhatIsIdenticalOnly() throws {
        let text = Offers.pair.replacing("a=rtcp-rsize\n", with: "").replacing(
            "a=rtcp-mux\na=sendonly\na=rtpmap:111", with: "a=rtcp-mux\na=rtcp-rsize\na=sendonly\na=rtpmap:111")
        let (answer, session) = try negotiate(
            try SessionDescription(
                parsing: text.replacing(
                    "a=rtpmap:111 opus/48000/2\n", with: "a=rtpmap:111 opus/48000/2\na=rtcp-fb:98 nack\na=msid:a b\n")))
        #expect(answer.media.allSatisfy { $0.attributes.hasReducedSizeRTCP })
        #expect(session.line(Mid("1"))?.codecs[0].feedback == [])
        #expect(session.line(Mid("1"))?.direction == .recvonly)
    }
}
