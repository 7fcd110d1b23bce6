internal import ArgumentParser
internal import CAllocationCounter
internal import CSockets
internal import Conference
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

    func run() throws {
        // Publishers also receive when there are several: "10 to 10" is a call of ten.
        let count = publishers == 1 ? receivers + 1 : max(publishers, receivers)
        let memoryBefore = residentKilobytes()
        var call = try SyntheticCall.make(
            peers: count, videoSlots: publishers == 1 ? 1 : publishers, usesSegmentation: !plain,
            startingAt: MonotonicClock.now())
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

        // A packet with parameter sets first: that is where the slots begin.
        payload[0] = 0x67
        sendBursts(&call, &sequence, payload, packets: 1)
        call.core.readable(now: call.now)
        payload[0] = 0x41
        for index in 0..<count where csockets_drop_everything(call.peers[index].socket.descriptor) != 0 {
            throw ValidationError("The receivers' sockets take no filter.")
        }

        var nanoseconds: Int64 = 0
        var allocations: UInt64 = 0
        var forwarded = 0
        for round in -(rounds / 10)..<rounds {
            sendBursts(&call, &sequence, payload, packets: burst)
            let sentBefore = call.core.outgoing.sentDatagrams
            let allocatedBefore = allocation_count()
            let start = MonotonicClock.threadCPUNanoseconds()
            call.core.readable(now: call.now)
            let end = MonotonicClock.threadCPUNanoseconds()
            guard round >= 0 else { continue }
            nanoseconds += end - start
            allocations += allocation_count() - allocatedBefore
            forwarded += call.core.outgoing.sentDatagrams - sentBefore
        }
        let expected = rounds * burst * publishers * (publishers == 1 ? receivers : count - 1)
        print(
            "total=\(nanoseconds / Int64(max(1, forwarded))) forwarded=\(forwarded) expected=\(expected)",
            "allocations=\(allocations) segmentation=\(call.core.outgoing.usesSegmentation)",
            "participants=\(count) kilobytes_per_participant_and_client=\(memory / count)")
        if forwarded != expected { throw ExitCode.failure }
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
