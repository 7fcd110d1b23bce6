import ClientTransport
import Congestion
import NetworkEmulation
import ProtocolCore
import Testing

/// What the link carries decides what is sent.
@Suite struct ClientCongestionTests {
    let camera = Mid("1")

    /// Sends frames at a rate that the encoder sets to `rate(target)`, with a keyframe on request.
    func stream(
        _ call: VirtualCall, for duration: Duration, rate: @escaping (Bitrate) -> Bitrate
    ) throws -> Int {
        let stream = try #require(call.stream(camera))
        var frame = 0
        var bytes = 0
        call.run(for: duration) { call in
            guard (call.now - .zero).nanoseconds % 33_000_000 == 0 else { return }
            let size = rate(call.target).bytes(in: .milliseconds(33))
            let packets = size / 1000 + 1
            let payloads = (0..<packets).map { _ in [UInt8](repeating: 1, count: max(1, size / packets)) }
            let isKeyframe = call.events.contains { if case .keyframeWanted = $0 { true } else { false } } || frame == 0
            call.events.removeAll { if case .keyframeWanted = $0 { true } else { false } }
            let taken = call.client.sendFrame(
                payloads, isKeyframe: isKeyframe, on: stream, mediaTime: .milliseconds(33) * frame, now: call.now,
                into: &call.datagrams)
            if taken { bytes += size }
            frame += 1
        }
        return bytes
    }

    @Test func growsToFullHD() throws {
        let call = try VirtualCall.connected(LinkConditions(rate: 10_000_000, delay: .milliseconds(20)))
        call.client.setWantedBitrate(.megabits(4))
        _ = try stream(call, for: .seconds(8)) { min($0 * 0.9, .megabits(4)) }
        #expect(call.target > .megabits(4))
        #expect(call.counters.droppedFrames == 0)
    }

    @Test func staysBelowANarrowLink() throws {
        let call = try VirtualCall.connected(
            LinkConditions(rate: 1_000_000, delay: .milliseconds(20), queueLimit: .time(.milliseconds(400))))
        call.client.setWantedBitrate(.megabits(4))
        let bytes = try stream(call, for: .seconds(20)) { min($0 * 0.9, .megabits(4)) }
        let rate = Bitrate(bytes: bytes, over: .seconds(20))
        #expect(rate > .kilobits(500) && rate < .kilobits(1000), "\(rate)")
        #expect(Double(call.up.counters.droppedPackets) < 0.02 * Double(call.up.counters.sentPackets))
    }

    /// A source that does not adapt loses frames here and not in the network.
    @Test func dropsWholeFramesOfAStubbornSource() throws {
        let call = try VirtualCall.connected(
            LinkConditions(rate: 1_000_000, delay: .milliseconds(20), queueLimit: .time(.milliseconds(400))))
        call.client.setWantedBitrate(.megabits(3))
        _ = try stream(call, for: .seconds(15)) { _ in .megabits(3) }
        #expect(call.counters.droppedFrames > 50)
        #expect(Double(call.up.counters.droppedPackets) < 0.05 * Double(call.up.counters.sentPackets))
    }
}
