import DTLS
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import Testing

/// What is told of a handshake that comes to nothing.
@Suite("Handshakes that fail")
struct HandshakeFailureTests {
    private static let remote = SyntheticCall.credentials(7)

    /// Admits a participant "p7" whose certificate is said to be `announced`.
    private func admit(
        to call: inout SyntheticCall, _ identity: DTLSIdentity, announced: CertificateFingerprint,
        expecting server: DTLSIdentity? = nil
    ) throws -> SyntheticPeer {
        let peer = try SyntheticPeer.make(
            server: call.server, identity: identity, serverIdentity: server ?? call.serverIdentity)
        try call.core.apply(
            SyntheticDescription.make(
                7, local: Self.remote, remote: peer.credentials, fingerprint: announced, videoSlots: 0),
            participant: "p7", conference: SyntheticCall.name, controlSSRC: SSRC(7), canonicalName: "server",
            now: call.now)
        return peer
    }

    private func run(_ peer: inout SyntheticPeer, in call: inout SyntheticCall) {
        peer.check(Self.remote)
        call.core.readable(now: call.now)
        peer.readable(now: call.now)
        peer.startHandshake(now: call.now)
        for _ in 0..<20 {
            call.core.readable(now: call.now)
            peer.readable(now: call.now)
        }
    }

    private func failures(_ call: borrowing SyntheticCall) -> [(participant: String, reason: String)] {
        call.core.events.compactMap {
            if case .failed(_, let participant, let failure) = $0 {
                (participant.rawValue, failure.description)
            } else {
                nil
            }
        }
    }

    @Test("A certificate that was not announced: who, why, and which alert was sent")
    func wrongFingerprint() throws {
        var call = try SyntheticCall.make(peers: 1, videoSlots: 0)
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var peer = try admit(to: &call, identity, announced: call.serverIdentity.fingerprint)
        run(&peer, in: &call)
        let failures = failures(call)
        #expect(failures.map(\.participant) == ["p7"])
        #expect(
            failures.first?.reason
                == "the certificate has none of the fingerprints in the offer; we sent the alert \"bad certificate\"")
        #expect(call.core.counters.failedHandshakes == [.fingerprintMismatch: 1])
    }

    @Test("A client that refuses our certificate: the alert that it sent")
    func refusedByPeer() throws {
        var call = try SyntheticCall.make(peers: 1, videoSlots: 0)
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var peer = try admit(to: &call, identity, announced: identity.fingerprint, expecting: identity)
        run(&peer, in: &call)
        let failures = failures(call)
        #expect(failures.map(\.participant) == ["p7"])
        #expect(failures.first?.reason.hasSuffix("the peer sent the alert \"bad certificate\"") == true)
        #expect(call.core.counters.failedHandshakes == [.refusedByPeer: 1])
    }

    @Test("A client that never says hello: its time is over after half a minute")
    func silence() throws {
        var call = try SyntheticCall.make(peers: 1, videoSlots: 0)
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var peer = try admit(to: &call, identity, announced: identity.fingerprint)
        for _ in 0..<31 {
            peer.check(Self.remote)
            call.advance(.seconds(1))
            peer.readable(now: call.now)
        }
        #expect(failures(call).map(\.participant) == ["p7"])
        #expect(failures(call).first?.reason == "the handshake was not done in time")
        #expect(call.core.counters.failedHandshakes == [.timedOut: 1])
    }
}
