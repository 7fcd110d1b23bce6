import DTLS
import ProtocolCore

/// One identity for both ends and all runs: making one costs more than a handshake.
private let identity: DTLSIdentity = {
    do throws(DTLSError) {
        return try DTLSIdentity.generate(unixTime: 1_750_000_000)
    } catch {
        fatalError("no identity: \(error)")
    }
}()

/// The first byte tells which end hears the input, cut into datagrams; or whether two ends shake hands over a network
/// that does to their datagrams what the input says.
func testDTLS(_ input: RawSpan) {
    var reader = InputReader(input)
    switch reader.byte() & 3 {
    case 0: hear(&reader, as: .server)
    case 1: hear(&reader, as: .client)
    default: shakeHands(&reader)
    }
}

private func session(_ role: DTLSSession.Role, _ version: ClosedRange<DTLSSession.Version>) -> DTLSSession {
    do throws(DTLSError) {
        return try DTLSSession(
            identity: identity, role: role, expectedFingerprints: [identity.fingerprint], versions: version)
    } catch {
        fatalError("no session: \(error)")
    }
}

/// Two bytes of length stand before each datagram; the second bit from the top lets a second pass.
private func hear(_ reader: inout InputReader, as role: DTLSSession.Role) {
    let session = session(role, .dtls12 ... .dtls13)
    var now = Instant.zero
    session.start(now: now)
    while !reader.isAtEnd {
        let head = reader.uint16()
        if head & 0x4000 != 0 {
            now = now + .seconds(1)
            session.handleTimeout(now: now)
        }
        withExactCopy(reader.bytes(Int(head & 0x07ff))) { datagram in
            session.handle(UnsafeRawBufferPointer(datagram).bytes, now: now)
        }
        check(!drain(session).isConnected, "nobody connects by chance")
    }
    session.close()
    _ = drain(session)
}

/// What a session wants sent, and whether it says it is connected.
private func drain(_ session: DTLSSession) -> (datagrams: [[UInt8]], isConnected: Bool) {
    var datagrams: [[UInt8]] = []
    var isConnected = false
    while let output = session.poll() {
        switch output {
        case .transmit(let datagram): datagrams.append(datagram)
        case .connected: isConnected = true
        case .received, .failed, .closed: break
        }
    }
    return (datagrams, isConnected)
}

private func shakeHands(_ reader: inout InputReader) {
    let versions: [ClosedRange<DTLSSession.Version>] = [.dtls12 ... .dtls12, .dtls13 ... .dtls13]
    let version = versions[Int(reader.byte() & 1)]
    let ends = [session(.client, version), session(.server, version)]
    var now = Instant.zero
    for end in ends {
        end.start(now: now)
    }
    var connected = [false, false]
    var isHarmed = false
    // Several flights with room for losses; what is not connected by then has been harmed.
    for _ in 0..<24 {
        var isQuiet = true
        for (index, end) in ends.enumerated() {
            let (datagrams, isConnected) = drain(end)
            if isConnected { connected[index] = true }
            for datagram in datagrams {
                isQuiet = false
                for piece in damage(datagram, &reader, &isHarmed) {
                    withExactCopy(piece) { ends[1 - index].handle(UnsafeRawBufferPointer($0).bytes, now: now) }
                }
            }
        }
        guard isQuiet else { continue }
        let timeouts = ends.compactMap(\.timeout)
        guard let next = timeouts.min() else { break }
        now = max(now, next)
        for end in ends {
            end.handleTimeout(now: now)
        }
    }
    check(isHarmed || connected == [true, true], "an undisturbed handshake succeeds")
}

/// What arrives of a datagram. Nothing more happens to it once the input is at its end.
private func damage(_ datagram: [UInt8], _ reader: inout InputReader, _ isHarmed: inout Bool) -> [[UInt8]] {
    let operation = reader.byte()
    if operation & 7 != 0 { isHarmed = true }
    switch operation & 7 {
    case 0: return [datagram]
    case 1: return []
    case 2: return [datagram, datagram]
    case 3: return [Array(datagram.prefix(Int(reader.uint16()) % (datagram.count + 1))), datagram]
    case 4:
        // A record whose length fits what is left of its message.
        var cut = Array(datagram.prefix(Int(reader.uint16()) % (datagram.count + 1)))
        guard cut.count > 13 else { return [] }
        cut[11] = UInt8((cut.count - 13) >> 8)
        cut[12] = UInt8((cut.count - 13) & 0xff)
        return [cut, datagram]
    case 5: return [reader.piece(), datagram]
    default:
        var changed = datagram
        for _ in 0...(operation >> 6) {
            changed[Int(reader.uint16()) % changed.count] = reader.byte()
        }
        return operation & 7 == 6 ? [changed] : [changed, datagram]
    }
}
