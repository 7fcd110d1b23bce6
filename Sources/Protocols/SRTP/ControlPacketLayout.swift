/// The first RTCP header and the sender's SSRC: what SRTCP leaves unencrypted (RFC 3711 §3.4).
let controlHeaderLength = 8

/// The E bit: the top bit of the word that holds the SRTCP index.
let encryptedFlag: UInt32 = 0x8000_0000

/// The length of what ``controlAuthenticatedHeader(_:word:)`` gives.
let controlAuthenticatedHeaderLength = 12

/// What AES-GCM authenticates beside the encrypted part, in the first 12 bytes: the packet's first 8 bytes and the
/// word with E bit and index (RFC 7714 §9.2).
@inline(__always)
func controlAuthenticatedHeader(_ packet: UnsafeRawPointer, word: UInt32) -> (UInt64, UInt32) {
    (packet.loadUnaligned(as: UInt64.self), word.bigEndian)
}

/// Gives room for a full HMAC-SHA1 tag on the stack; packets carry its first 10 bytes.
@inline(__always)
func withUnsafeTemporaryTag<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result {
    var storage: (UInt64, UInt64, UInt32) = (0, 0, 0)
    return withUnsafeMutablePointer(to: &storage) { body(UnsafeMutableRawPointer($0)) }
}
