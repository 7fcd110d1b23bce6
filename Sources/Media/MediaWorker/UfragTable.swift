internal import ProtocolCore

/// Finds the peer that a connectivity check names, by our own user name fragment, without making a string of it.
///
/// The fragments are our own random ones, so a hash of 64 bits tells them apart; whose check it really is says its
/// integrity, which is looked at afterwards.
struct UfragTable {
    private var peers: [UInt64: Int32] = [:]
    private var fragments: [Int32: [UInt64]] = [:]
    /// Makes the hashes unknown to those who send checks.
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed | 1
    }

    func find(_ ufrag: RawSpan) -> Int32? {
        peers[hash(ufrag)]
    }

    mutating func set(_ ufrag: String, to peer: Int32) {
        let bytes = Array(ufrag.utf8)
        let hash = hash(bytes.span.bytes)
        peers[hash] = peer
        fragments[peer, default: []].append(hash)
    }

    mutating func removeAll(of peer: Int32) {
        for hash in fragments.removeValue(forKey: peer) ?? [] where peers[hash] == peer { peers[hash] = nil }
    }

    /// FNV-1a from a secret start, stirred at the end.
    private func hash(_ bytes: RawSpan) -> UInt64 {
        var hash = 0xcbf2_9ce4_8422_2325 ^ seed
        for offset in 0..<bytes.byteCount {
            hash = (hash ^ UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))) &* 0x100_0000_01b3
        }
        hash ^= hash >> 32
        return hash &* (seed | 1)
    }
}
