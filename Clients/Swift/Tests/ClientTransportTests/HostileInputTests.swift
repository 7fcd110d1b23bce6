import ClientTransport
import NetworkEmulation
import ProtocolCore
import SDP
import Testing

/// Whatever arrives, a session neither traps nor loses what it has.
@Suite struct HostileInputTests {
    func receive(_ bytes: [UInt8], _ call: VirtualCall) {
        var bytes = bytes
        let now = call.now
        bytes.withUnsafeMutableBytes { buffer in
            call.client.receive(
                buffer, from: VirtualServer.endpoint, to: VirtualCall.clientEndpoint, now: now,
                into: &call.datagrams
            ) { _, _ in Issue.record("nothing that was not authentic is delivered") }
        }
        call.datagrams.removeAll()
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func survivesRandomDatagrams(seed: UInt64) throws {
        let call = try VirtualCall.connected(seed: seed)
        var generator = SeededGenerator(seed: seed)
        let slot = try #require(call.slot(Mid("6")))
        for _ in 0..<5000 {
            let count = Int.random(in: 0...200, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            // Most look like something that is read: STUN, DTLS, RTP, RTCP.
            if let first = ([0, 1, 22, 128, 144, 160] as [UInt8]).randomElement(using: &generator), !bytes.isEmpty {
                bytes[0] = first
            }
            if count >= 12, Bool.random(using: &generator) {
                withUnsafeBytes(of: slot.ssrc.rawValue.bigEndian) { bytes.replaceSubrange(8..<12, with: $0) }
            }
            receive(bytes, call)
        }
        #expect(call.isConnected)
        call.server.send([1, 2, 3], ssrc: slot.ssrc, type: 102, sequence: 1, timestamp: 1)
        call.run(for: .milliseconds(100))
        #expect(call.delivered.map(\.payload) == [[1, 2, 3]])
    }

    @Test func survivesTruncatedPackets() throws {
        let call = try VirtualCall.connected()
        let slot = try #require(call.slot(Mid("6")))
        call.server.send(Array(repeating: 7, count: 40), ssrc: slot.ssrc, type: 102, sequence: 1, timestamp: 1)
        let packet = try #require(call.server.outbox.last)
        call.server.outbox = []
        for length in 0..<packet.count { receive(Array(packet.prefix(length)), call) }
        #expect(call.isConnected)
    }

    /// A bad answer changes nothing; the good one afterwards counts.
    @Test func survivesAnswersInPieces() throws {
        let call = try VirtualCall()
        let offer = call.client.offer(call.lines).description
        let answer = try call.server.answer(
            offer, purposes: Dictionary(uniqueKeysWithValues: call.lines.map { ($0.mid, $0.purpose) }))
        let lines = answer.split(separator: "\r\n")
        for count in stride(from: 0, to: lines.count, by: 3) {
            let part = lines.prefix(count).joined(separator: "\r\n") + "\r\n"
            // The last m-line may be cut short and still be one.
            try? call.client.accept(part, now: call.now, into: &call.datagrams)
        }
        try call.client.accept(answer, now: call.now, into: &call.datagrams)
        call.transfer()
        call.run(for: .seconds(2))
        #expect(call.isConnected)
    }
}
