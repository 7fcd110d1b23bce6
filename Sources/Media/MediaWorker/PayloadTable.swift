internal import Conference
internal import MediaVocabulary
internal import ProtocolCore

/// What a peer's payload types mean; they are shared by all m-lines of a bundle (RFC 9143 §9.1).
struct PayloadTable {
    enum Meaning: Hashable {
        case media(MediaCodec)
        /// A retransmission (RFC 4588) of a stream with this payload type.
        case retransmission(of: UInt8)
        /// Opus packets of this payload type with copies of earlier ones (RFC 2198).
        case redundantAudio(of: UInt8)
    }

    private var table = [Meaning?](repeating: nil, count: 128)

    mutating func set(_ type: PayloadType, _ meaning: Meaning) {
        table[Int(type.rawValue)] = meaning
    }

    @inline(__always)
    subscript(type: PayloadType) -> Meaning? {
        table[Int(type.rawValue)]
    }
}
