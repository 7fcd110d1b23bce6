internal import Cryptography
internal import ProtocolCore

/// Nonces that the server recognises without remembering them: the time of expiry and a code over it and the client.
///
/// RFC 8489 §9.2.4 wants them fresh once an hour at the least, and hard to guess.
struct TURNNonce {
    let key: [UInt8]
    let lifetime: Duration

    func make(for client: TURNClient, at now: Instant) -> String {
        text(expiry: UInt64(bitPattern: (now + lifetime).nanoseconds), client)
    }

    func isValid(_ nonce: String, for client: TURNClient, at now: Instant) -> Bool {
        guard nonce.utf8.count == 36, let expiry = UInt64(nonce.prefix(16), radix: 16) else { return false }
        guard constantTimeEquals(Array(nonce.utf8), Array(text(expiry: expiry, client).utf8)) else { return false }
        return now < Instant(nanoseconds: Int64(bitPattern: expiry))
    }

    private func text(expiry: UInt64, _ client: TURNClient) -> String {
        var covered: [UInt8] = [client.transport.rawValue, client.endpoint.isIPv6 ? 6 : 4]
        covered.append(bigEndian: expiry)
        covered.append(bigEndian: client.endpoint.high)
        covered.append(bigEndian: client.endpoint.low)
        covered.append(bigEndian: client.endpoint.port)
        return hexadecimal(expiry) + hmacSHA1(key: key, covered).prefix(10).map(hexadecimal).joined()
    }

    private func hexadecimal(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
    }
}
