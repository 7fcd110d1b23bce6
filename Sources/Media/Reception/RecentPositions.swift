/// The positions of the packets that came last, of an audio stream.
struct RecentPositions {
    /// 320 ms of packets of 20 ms: redundancy reaches back less far.
    private static let capacity = 16

    private var positions = InlineArray<16, Int64>(repeating: .min)
    private var next = 0

    func contains(_ position: Int64) -> Bool {
        for index in positions.indices where positions[index] == position { return true }
        return false
    }

    mutating func insert(_ position: Int64) {
        positions[next] = position
        next = (next + 1) % RecentPositions.capacity
    }
}
