internal import ICE
internal import MediaIO
internal import MediaLab
internal import MediaWorker
internal import ProtocolCore

/// What it costs the worker to refuse a datagram of somebody who proves nothing, without the system calls.
struct Refusals {
    private static let count = 200_000

    func run() throws {
        var call = try SyntheticCall.make(peers: 2, videoSlots: 0, startingAt: MonotonicClock.now())
        let known = SyntheticCall.credentials(1)
        let nobody = ICECredentials(ufrag: "nobody11", password: known.password)
        var forged = call.peers[1].connectivityCheck(known)
        forged[forged.count - 12] ^= 1
        // A header and FINGERPRINT.
        let bare: [UInt8] =
            [0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42] + [UInt8](repeating: 7, count: 12) + [0x80, 0x28, 0, 4, 1, 2, 3, 4]
        let kinds: [(String, [UInt8])] = [
            ("check_without_user_name", bare),
            ("check_for_nobody", call.peers[1].connectivityCheck(nobody)),
            ("check_with_wrong_integrity", forged),
            ("dtls_from_nowhere", [22, 254, 255] + [UInt8](repeating: 0, count: 160)),
            ("media_from_nowhere", [0x80, 111] + [UInt8](repeating: 0, count: 160)),
        ]
        for (name, datagram) in kinds {
            let start = MonotonicClock.threadCPUNanoseconds()
            for number in 0..<Self.count {
                let source = SocketEndpoint(ipv4: 0x0a00_0001, port: UInt16(truncatingIfNeeded: number | 1))
                call.core.receive(datagram, from: source, now: call.now)
            }
            let spent = MonotonicClock.threadCPUNanoseconds() - start
            print("\(name)=\(spent / Int64(Self.count))")
        }
    }
}
