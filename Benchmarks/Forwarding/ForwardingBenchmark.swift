internal import ArgumentParser
internal import CAllocationCounter
internal import CSockets
internal import Conference
internal import Congestion
internal import Glibc
internal import MediaIO
internal import MediaLab
internal import MediaWorker
internal import ProtocolCore

/// Measures what the media worker spends on a forwarded packet, in the same way as `forwarding_limit.c`.
@main
struct ForwardingBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forwarding-benchmark",
        abstract: "CPU nanoseconds and allocations per forwarded packet, and memory per participant.")

    @Option(help: "Participants who send video.")
    var publishers = 1
    @Option(help: "Participants who receive each of them.")
    var receivers = 50
    @Option(help: "Packets of one publisher in a row.")
    var burst = 8
    @Option(help: "Bursts that are counted.")
    var rounds = 1000
    @Option(help: "Bytes of a packet on the wire.")
    var size = 1200
    @Flag(help: "Without segmentation offload.")
    var plain = false
    @Flag(help: "With a server that has all addresses, and answers from the one that was asked.")
    var everywhere = false
    @Flag(help: "Measure instead what it costs to refuse a stranger's datagram, in CPU nanoseconds.")
    var refusals = false

    func run() throws {
        if refusals { return try Refusals().run() }
        // Publishers also receive when there are several: "10 to 10" is a call of ten.
        let count = publishers == 1 ? receivers + 1 : max(publishers, receivers)
        let memoryBefore = residentKilobytes()
        var call = try SyntheticCall.make(
            peers: count, videoSlots: publishers == 1 ? 1 : publishers, usesSegmentation: !plain,
            startBitrate: CongestionController.defaultMaximum, startingAt: MonotonicClock.now(),
            bindsEverywhere: everywhere)
        let memory = residentKilobytes() - memoryBefore
        for receiver in 0..<count {
            var slot = 3
            for publisher in 0..<publishers where publisher != receiver {
                call.show(publisher, in: slot, of: receiver)
                slot += 1
            }
        }
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: size - 20 - 16, alignment: 16)
        defer { payload.deallocate() }
        for index in payload.indices { payload[index] = UInt8(truncatingIfNeeded: index &* 31) }
        var sequence: UInt32 = 0
        var reported = [UInt16](repeating: 0, count: count)

        // A packet with parameter sets first: that is where the slots begin.
        payload[0] = 0x67
        sendBursts(&call, &sequence, payload, packets: 1)
        call.core.readable(now: call.now)
        payload[0] = 0x41
        for index in 0..<count where csockets_drop_everything(call.peers[index].socket.descriptor) != 0 {
            throw ValidationError("The receivers' sockets take no filter.")
        }

        // A link that is known to carry everything, as after a while of a call.
        for _ in 0..<(publishers * 100 + 100) { step(&call, &sequence, payload, reported: &reported) }
        var cost = Cost()
        for _ in 0..<rounds {
            let spent = step(&call, &sequence, payload, reported: &reported)
            cost.media += spent.media
            cost.control += spent.control
            cost.allocations += spent.allocations
            cost.forwarded += spent.forwarded
            cost.atOnce += spent.atOnce
        }
        let expected = rounds * burst * publishers * (publishers == 1 ? receivers : count - 1)
        print(
            "total=\((cost.media + cost.control) / Int64(max(1, cost.forwarded)))",
            "bursts_only=\(cost.media / Int64(max(1, cost.atOnce))) at_once=\(cost.atOnce)",
            "forwarded=\(cost.forwarded) expected=\(expected)",
            "allocations=\(cost.allocations) segmentation=\(call.core.outgoing.usesSegmentation)",
            "participants=\(count) kilobytes_per_participant_and_client=\(memory / count)")
        if cost.forwarded < expected { throw ExitCode.failure }
    }

    /// What one burst took: CPU nanoseconds of its arrival and of everything else in its time (feedback, reports, packets
    /// that the pacer held back), and the allocations of its arrival.
    private struct Cost {
        var media: Int64 = 0
        var control: Int64 = 0
        var allocations: UInt64 = 0
        var forwarded = 0
        /// Of these, what left as soon as it came.
        var atOnce = 0
    }

    /// Sends a burst of 1.5 Mbit/s video from each publisher, and lets the time pass that it lasts: ticks of the worker,
    /// and feedback from every receiver.
    @discardableResult
    private func step(
        _ call: inout SyntheticCall, _ sequence: inout UInt32, _ payload: UnsafeMutableRawBufferPointer,
        reported: inout [UInt16]
    ) -> Cost {
        var cost = Cost()
        if Int(sequence) / burst % 100 == 0 { for index in 0..<call.count { call.check(index) } }
        sendBursts(&call, &sequence, payload, packets: burst)
        let sentBefore = call.core.outgoing.sentDatagrams
        let allocatedBefore = allocation_count()
        let start = MonotonicClock.threadCPUNanoseconds()
        call.core.readable(now: call.now)
        cost.media = MonotonicClock.threadCPUNanoseconds() - start
        cost.allocations = allocation_count() - allocatedBefore
        cost.atOnce = call.core.outgoing.sentDatagrams - sentBefore
        for index in 0..<call.count {
            let next = call.core.nextTransportSequence(of: "p\(index)", in: SyntheticCall.name) ?? 0
            let count = Int(next &- reported[index])
            if count > 0 { call.peers[index].reportArrivals(from: reported[index], count: count, at: call.now) }
            reported[index] = next
            cost.forwarded += count
        }
        let controlStart = MonotonicClock.threadCPUNanoseconds()
        call.core.readable(now: call.now)
        let end = call.now + .microseconds(6400 * burst)
        while call.now < end {
            for _ in 0..<3 {
                call.now = call.now + .microseconds(3333)
                if call.core.hasToPace { call.core.paceAll(now: call.now) }
            }
            call.core.tick(now: call.now, wallClock: .seconds(1_700_000_000))
        }
        cost.control = MonotonicClock.threadCPUNanoseconds() - controlStart
        return cost
    }

    private func sendBursts(
        _ call: inout SyntheticCall, _ sequence: inout UInt32, _ payload: UnsafeMutableRawBufferPointer, packets: Int
    ) {
        for _ in 0..<packets {
            for publisher in 0..<publishers {
                call.peers[publisher].sendMedia(
                    ssrc: SyntheticDescription.camera(publisher), payloadType: SyntheticDescription.h264,
                    sequence: UInt16(truncatingIfNeeded: sequence), timestamp: sequence &* 3000,
                    rollover: sequence >> 16, payload: UnsafeRawBufferPointer(payload))
            }
            sequence &+= 1
        }
    }
}

/// Memory of this process that is in RAM now, in kilobytes.
private func residentKilobytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * Int(getpagesize()) / 1024
}
