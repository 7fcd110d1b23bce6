/// Which of the last 128 packet indices have been accepted (RFC 3711 §3.3.2). Trivially copyable.
struct ReplayWindow: Hashable, Sendable {
    /// How many indices back from the highest one are remembered; RFC 3711 asks for 64 at least.
    static let length: UInt64 = 128

    /// The highest accepted index; meaningful once `isEmpty` is false.
    private(set) var highest: UInt64 = 0
    /// Bit `n` tells whether `highest - n` was accepted; `older` continues at 64.
    private var recent: UInt64 = 0
    private var older: UInt64 = 0

    var isEmpty: Bool {
        recent == 0
    }

    /// Whether the index is new: ahead of all, or within the window and not yet seen.
    @inline(__always)
    func accepts(_ index: UInt64) -> Bool {
        if isEmpty || index > highest { return true }
        let age = highest - index
        if age < 64 { return (recent >> age) & 1 == 0 }
        if age < Self.length { return (older >> (age - 64)) & 1 == 0 }
        return false
    }

    /// Notes an index that was accepted and authenticated.
    @inline(__always)
    mutating func insert(_ index: UInt64) {
        if isEmpty {
            highest = index
            recent = 1
        } else if index > highest {
            advance(by: index - highest)
            highest = index
            recent |= 1
        } else {
            let age = highest - index
            if age < 64 {
                recent |= 1 << age
            } else if age < Self.length {
                older |= 1 << (age - 64)
            }
        }
    }

    @inline(__always)
    private mutating func advance(by distance: UInt64) {
        if distance >= Self.length {
            (recent, older) = (0, 0)
        } else if distance >= 64 {
            older = recent << (distance - 64)
            recent = 0
        } else {
            older = older << distance | recent >> (64 - distance)
            recent <<= distance
        }
    }
}
