import DTLS
import MediaIO
import MediaLab
import MediaVocabulary
import MediaWorker
import ProtocolCore
import RTP
import Testing

/// Whose address it is: a check says who sent it, and not that he receives where it seems to come from.
@Suite("Paths of peers")
struct PathTests {
    /// An address whose datagrams can be forged, and that counts what it gets.
    private struct Bystander: ~Copyable {
        let socket: UDPSocket
        private var batch = ReceiveBatch()
        private(set) var bytes = 0
        private(set) var mediaPackets = 0

        init() throws {
            socket = try UDPSocket(bindingTo: .loopback(port: 0))
        }

        mutating func look() {
            while true {
                let count = batch.receive(from: socket)
                guard count > 0 else { return }
                for index in 0..<count {
                    bytes += batch.datagram(index).count
                    if let first = batch.datagram(index).first, first >= 128 { mediaPackets += 1 }
                }
            }
        }
    }

    private func sendAudio(_ call: inout SyntheticCall, from peer: Int, _ sequence: UInt16) {
        [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 80).withUnsafeBytes {
            call.peers[peer].sendMedia(
                ssrc: SyntheticDescription.microphone(peer), payloadType: SyntheticDescription.opus,
                sequence: sequence, timestamp: UInt32(sequence) * 960, audioLevel: 30, payload: $0)
        }
    }

    /// A receiver report of nothing, which any client sends now and then.
    private static let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 9]

    @Test("Checks with one's own credentials from another's address take nothing from him")
    func foreignCheck() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 0)
        let victim = call.peers[2].socket.local
        for sequence in UInt16(0)..<50 {
            let forged = call.peers[1].connectivityCheck(SyntheticCall.credentials(1))
            call.core.receive(forged, from: victim, now: call.now)
            sendAudio(&call, from: 2, sequence)
            sendAudio(&call, from: 0, sequence)
            call.advance(.milliseconds(10))
        }
        let strays = call.core.counters.strayDatagrams
        #expect(strays == 0)
        let heard = call.peers[0].takeReceived().count
        #expect(heard == 50, "all that the victim says")
        let victimHears = call.peers[2].takeReceived().count
        #expect(victimHears == 50, "all that is said to the victim")
        let attackerHears = call.peers[1].takeReceived().count
        #expect(attackerHears == 100)
        #expect(call.core.totals.peers.refusedPackets == 0)
        #expect(call.peers[2].failures.isEmpty)
    }

    @Test("Checks before the victim has proved his address do not keep him from it")
    func foreignCheckFirst() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 0)
        try call.peers[2].changeAddress()
        let next = call.peers[2].socket.local
        for _ in 0..<5 {
            let forged = call.peers[1].connectivityCheck(SyntheticCall.credentials(1))
            call.core.receive(forged, from: next, now: call.now)
        }
        call.check(2)
        sendAudio(&call, from: 2, 1)
        sendAudio(&call, from: 0, 1)
        call.step()
        #expect(call.peers[0].takeReceived().count == 1)
        #expect(call.peers[2].takeReceived().count == 1)
    }

    @Test("An address that has proved nothing gets three times what came from it at most, and no media")
    func amplification() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 0)
        var bystander = try Bystander()
        var forgedBytes = 0
        for sequence in UInt16(0)..<300 {
            if sequence % 50 == 0 {
                let forged = call.peers[1].connectivityCheck(SyntheticCall.credentials(1))
                forgedBytes += forged.count
                call.core.receive(forged, from: bystander.socket.local, now: call.now)
            }
            sendAudio(&call, from: 0, sequence)
            call.advance(.milliseconds(20))
            bystander.look()
        }
        #expect(bystander.bytes > 0, "the checks are answered")
        #expect(bystander.bytes <= 3 * forgedBytes)
        #expect(bystander.mediaPackets == 0)
        // Media goes on to where the attacker was.
        #expect(call.peers[1].takeReceived().count == 300)
    }

    @Test("Whoever nominates a foreign address goes silent with his own: forged checks renew no consent")
    func forgedConsent() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        var bystander = try Bystander()
        for _ in 0..<35 {
            let forged = call.peers[1].connectivityCheck(SyntheticCall.credentials(1))
            call.core.receive(forged, from: bystander.socket.local, now: call.now)
            call.check(0)
            call.advance(.seconds(1))
        }
        _ = call.peers[1].takeReceived()
        sendAudio(&call, from: 0, 1)
        call.step()
        bystander.look()
        #expect(call.peers[1].takeReceived().isEmpty)
        #expect(bystander.mediaPackets == 0)
    }

    @Test("A client whose address changes gets its media there one round trip after its first check")
    func move() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        try call.peers[1].changeAddress()
        call.peers[1].check(SyntheticCall.credentials(1))
        // The check arrives, and its answer and the challenge go back; the answer to that arrives.
        call.step()
        call.core.readable(now: call.now)
        sendAudio(&call, from: 0, 1)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
        #expect(call.peers[1].failures.isEmpty)
    }

    @Test("A client that answers no checks moves with its first packet that authenticates")
    func moveWithoutAnswers() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0, answersChecks: false)
        try call.peers[1].changeAddress()
        call.check(1)
        sendAudio(&call, from: 0, 1)
        call.step()
        #expect(call.peers[1].takeReceived().isEmpty)
        call.peers[1].sendControl(Self.report)
        call.step()
        sendAudio(&call, from: 0, 2)
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
    }

    @Test("A handshake fits three times what the client sends, though it answers no checks")
    func handshakeWithinLimit() throws {
        let call = try SyntheticCall.make(peers: 3, videoSlots: 0, answersChecks: false)
        #expect(call.core.counters.handshakes == 3)
        #expect(call.core.counters.withheldDatagrams == 0)
    }

    @Test("An address that somebody has left is another's as soon as his packets come from there")
    func reusedAddress() throws {
        var call = try SyntheticCall.make(peers: 3, videoSlots: 0, answersChecks: false)
        let address = call.peers[1].socket.local
        call.core.receive(
            call.peers[2].connectivityCheck(SyntheticCall.credentials(2)), from: address, now: call.now)
        let packet = call.peers[2].protectControl(Self.report)
        call.core.receive(try #require(packet), from: address, now: call.now)
        sendAudio(&call, from: 0, 1)
        call.step()
        // Not while its owner is alive.
        #expect(call.peers[1].takeReceived().count == 1)
        #expect(call.peers[2].takeReceived().count == 1)
        call.advance(.seconds(6))
        let later = call.peers[2].protectControl(Self.report)
        call.core.receive(try #require(later), from: address, now: call.now)
        sendAudio(&call, from: 0, 2)
        call.step()
        // Peer 1's socket hears what it cannot decrypt.
        #expect(call.peers[1].takeReceived().isEmpty)
        #expect(!call.peers[1].failures.isEmpty)
    }
}

/// What those cost who prove nothing at all.
@Suite("Floods of checks")
struct CheckFloodTests {
    @Test("Floods of checks with wrong integrity cost so many a second, and keep nobody from his call")
    func wrongIntegrity() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        let stranger = SocketEndpoint(ipv4: 0x7f00_0001, port: 9)
        let wrong = SyntheticCall.credentials(1)
        for _ in 0..<5000 {
            var forged = call.peers[1].connectivityCheck(wrong)
            forged[forged.count - 12] ^= 1
            call.core.receive(forged, from: stranger, now: call.now)
        }
        let counters = call.core.counters
        #expect(counters.refusedChecks > 4500)
        #expect(counters.refusedSTUN + counters.refusedChecks == 5000)
        // From its own address a peer is answered all the same.
        call.check(1)
        #expect(call.core.counters.refusedChecks == counters.refusedChecks)
        [UInt8](repeating: 3, count: 40).withUnsafeBytes {
            call.peers[0].sendMedia(
                ssrc: SyntheticDescription.microphone(0), payloadType: SyntheticDescription.opus, sequence: 1,
                timestamp: 0, audioLevel: 30, payload: $0)
        }
        call.step()
        #expect(call.peers[1].takeReceived().count == 1)
    }

    @Test("Flights wait until they may be sent, and no more than a few do")
    func heldFlights() throws {
        var call = try SyntheticCall.make(peers: 1, videoSlots: 0)
        let identity = try DTLSIdentity.generate(unixTime: 1_700_000_000)
        var peer = try SyntheticPeer.make(
            server: call.server, identity: identity, serverIdentity: call.serverIdentity)
        let remote = SyntheticCall.credentials(7)
        var description = SyntheticDescription.make(
            7, local: remote, remote: peer.credentials, fingerprint: identity.fingerprint, videoSlots: 0)
        // The server begins the handshake, and its hello is longer than what a check lets it send.
        description.isDTLSServer = false
        try call.core.apply(
            description, participant: "p7", conference: SyntheticCall.name, controlSSRC: SSRC(7),
            canonicalName: "server", now: call.now)
        peer.answersChecks = false
        peer.check(remote)
        call.core.readable(now: call.now)
        for _ in 0..<300 { call.advance(.milliseconds(100)) }
        let sent = peer.countDatagrams()
        #expect(sent.bytes <= 3 * sent.own)
        #expect(call.core.peerCount == 2)
    }
}

/// A server with several addresses, which clients reach under any of them.
@Suite("Several addresses of the server")
struct ServerAddressTests {
    @Test("A call works under an address that no route answers from")
    func everyAddress() throws {
        let call = try SyntheticCall.make(peers: 2, videoSlots: 0, bindsEverywhere: true)
        #expect(call.core.counters.handshakes == 2)
    }

    @Test("Who comes over TCP or the relay is named, and again when UDP gets through")
    func transports() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0)
        let ports = RelayedPorts()
        call.core.relayedPorts = ports
        var told: [MediaTransport] = []
        for transport in [MediaTransport.tcp, .tcp, .relay, .udp] {
            try call.peers[1].changeAddress()
            if transport != .udp { ports.note(transport, at: call.peers[1].socket.local) }
            call.core.events = []
            call.check(1)
            for case .transportChanged(_, "p1", let transport) in call.core.events { told.append(transport) }
        }
        #expect(told == [.tcp, .relay, .udp])
    }
}
