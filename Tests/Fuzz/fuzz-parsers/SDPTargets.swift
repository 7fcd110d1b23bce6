import ICE
import ProtocolCore
import SDP

/// An offer, and another one behind a zero byte that comes after it in the same session.
func testSDP(_ input: RawSpan) {
    var previous: NegotiatedSession?
    for half in text(input).utf8.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false) {
        guard let offer = try? SessionDescription(parsing: String(Substring(half))) else { continue }
        check(readsAsWritten(offer), "an offer reads as it is written: \(offer)")
        if let previous { _ = Answerer.isICERestart(offer, after: previous) }
        for purposes in [[:], purposes(of: offer)] {
            guard let session = answer(offer, purposes: purposes, previous: previous) else { continue }
            guard let again = answer(offer, purposes: purposes, previous: session) else {
                fatalError("an offer that was answered is answered again: \(offer)")
            }
            check(again.slotStreams == session.slotStreams, "slots keep their streams: \(offer)")
            previous = again
        }
    }
}

/// Whether a description survives writing and reading, as far as its text is within what is read: lines end with one
/// byte more when written than an offer may have had.
private func readsAsWritten(_ description: SessionDescription) -> Bool {
    let text = description.description
    guard text.utf8.count <= SessionDescription.Limit.size else { return true }
    return (try? SessionDescription(parsing: text)) == description
}

/// Sends on every other line of a kind, receives on the others.
private func purposes(of offer: SessionDescription) -> [Mid: LinePurpose] {
    var purposes: [Mid: LinePurpose] = [:]
    for (index, media) in offer.media.enumerated() {
        guard let mid = media.attributes.mid, let kind = MediaKind(rawValue: media.kind) else { continue }
        let fitting = LinePurpose.allCases.filter { $0.kind == kind }
        purposes[mid] = fitting[index % fitting.count]
    }
    return purposes
}

private func answer(
    _ offer: SessionDescription, purposes: [Mid: LinePurpose], previous: NegotiatedSession?
) -> NegotiatedSession? {
    let parameters = AnswerParameters(
        sessionID: 77, sessionVersion: 3,
        ice: ICECredentials(ufrag: "serverUfrag", password: "serverPassword0123456789"),
        candidates: [Candidate(host: .loopback(port: 3478))],
        fingerprint: CertificateFingerprint(algorithm: "sha-256", digest: Array(repeating: 0xab, count: 32)),
        cname: "switchboard", purposes: purposes)
    var nextSSRC: UInt32 = 1000
    let result = try? Answerer.answer(offer, parameters: parameters, previous: previous) {
        nextSSRC += 1
        return SSRC(nextSSRC)
    }
    guard let (answer, session) = result else { return nil }
    check(readsAsWritten(answer), "an answer is well-formed: \(answer)")
    check(answer.media.count == offer.media.count, "an answer has the lines of its offer: \(answer)")
    let refused = Set(session.rejections.map(\.index))
    for (index, line) in offer.offeredLines.enumerated() where answer.media[index].port == 0 && line.isInUse {
        check(refused.contains(index), "a line that is refused has a reason: \(offer)")
    }
    check(Set(session.lines.map(\.mid)).count == session.lines.count, "lines have names of their own: \(offer)")
    check(session.remoteICE.isWellFormed, "credentials are well-formed: \(offer)")
    let examined = Answerer.examine(offer, purposes: purposes)
    check(examined.rejections == session.rejections, "what is examined is what is answered: \(offer)")
    return session
}

/// The value of a candidate line.
func testCandidate(_ input: RawSpan) {
    guard let candidate = try? Candidate(parsing: text(input)) else { return }
    check((try? Candidate(parsing: candidate.sdpValue)) == candidate, "a candidate reads as written: \(candidate)")
}

/// A fragment; and the text as an answer, of which a fragment is made.
func testTrickle(_ input: RawSpan) {
    let text = text(input)
    if let credentials = (try? TrickleFragment(parsing: text))?.credentials {
        check(credentials.isWellFormed, "credentials of a fragment are well-formed: \(credentials)")
    }
    if let answer = try? SessionDescription(parsing: text) { _ = TrickleFragment.describing(answer) }
}
