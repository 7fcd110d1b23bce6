import ProtocolCore
import RTP
import SRTP

/// One session of each profile, told by the first byte. Each step is an operation byte and a piece: the piece as it is
/// to the receiver, or as what a genuine sender protects, which no search would find.
func testSRTP(_ input: RawSpan) {
    var reader = InputReader(input)
    let profiles = ProtectionProfile.allCases
    let profile = profiles[Int(reader.byte()) % profiles.count]
    let key = [UInt8](repeating: 0x11, count: profile.keyLength)
    let salt = [UInt8](repeating: 0x22, count: profile.saltLength)
    var receiver = SRTPReceiver(profile: profile, masterKey: key, masterSalt: salt)
    var sender = SRTPSender(profile: profile, masterKey: key, masterSalt: salt)
    var state = SRTPReceiveState()
    while !reader.isAtEnd {
        let operation = reader.byte()
        let piece = reader.piece()
        switch operation & 3 {
        case 0:
            _ = unprotect(piece, &receiver, &state)
        case 1:
            _ = withExactCopy(piece) { try? receiver.unprotectRTCP(UnsafeRawBufferPointer($0).bytes) }
        case 2:
            // Under the roll-over counter of an index up to 63 ahead of the last one.
            let index = state.highestIndex &+ UInt64(operation >> 2)
            guard let header = try? RTPHeader(parsing: piece.span.bytes) else { continue }
            let packet = protect(piece, headerLength: header.headerLength, rollover: UInt32(index >> 16), &sender)
            if let payload = unprotect(packet, &receiver, &state) {
                check(payload == Array(piece[header.headerLength...]), "a packet survives the way")
            }
        default:
            var packet = sender.protectRTCP(piece)
            let isDamaged = operation & 4 != 0 && !packet.isEmpty
            if isDamaged { packet[Int(operation >> 3) % packet.count] ^= 0x40 }
            let plain = withExactCopy(packet) { try? receiver.unprotectRTCP(UnsafeRawBufferPointer($0).bytes) }
            check(plain == (isDamaged || piece.count < 8 ? nil : piece), "a report arrives whole or not at all")
        }
    }
}

/// The payload, or nil for a packet that is refused.
private func unprotect(
    _ packet: [UInt8], _ receiver: inout SRTPReceiver, _ state: inout SRTPReceiveState
) -> [UInt8]? {
    guard let header = try? RTPHeader(parsing: packet.span.bytes) else { return nil }
    let room = [UInt8](repeating: 0, count: packet.count - header.headerLength)
    return withExactCopy(packet) { packet in
        withExactCopy(room) { payload in
            guard let source = packet.baseAddress, let target = payload.baseAddress else { return nil }
            let length = receiver.unprotect(
                packet: source, length: packet.count, headerLength: header.headerLength, into: target,
                capacity: payload.count, state: &state)
            check(length <= payload.count, "a payload fits where it goes")
            return length < 0 ? nil : Array(payload.prefix(length))
        }
    }
}

private func protect(
    _ packet: [UInt8], headerLength: Int, rollover: UInt32, _ sender: inout SRTPSender
) -> [UInt8] {
    let payload = Array(packet[headerLength...])
    let room = packet + [UInt8](repeating: 0, count: ProtectionProfile.maximumTagLength)
    return withExactCopy(room) { output in
        withExactCopy(payload + [0]) { payload in
            guard let header = output.baseAddress, let source = payload.baseAddress else { return [] }
            let length = sender.protect(
                header: header, headerLength: headerLength, payload: source, payloadLength: payload.count - 1,
                rolloverCounter: rollover)
            check(length > packet.count, "a packet grows by its tag")
            return Array(output.prefix(length))
        }
    }
}
