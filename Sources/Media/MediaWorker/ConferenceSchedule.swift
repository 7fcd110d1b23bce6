internal import Conference
internal import MediaVocabulary
internal import ProtocolCore

/// When each conference is polled next, by its index.
///
/// Apart from the conferences for the same reason as ``PeerSchedule``: thousands of calls may wait for somebody, and a tick
/// must not look into each of them.
struct ConferenceSchedule {
    /// A conference and what it is called.
    struct Host {
        let name: CallID
        let conference: UnsafeMutablePointer<Conference>
        /// When it is checked next whether somebody cannot decode what they asked to see.
        var nextCodecCheck = Instant.zero
    }

    /// How often a conference is polled in which nobody has sent media lately, and one that nobody has reached yet.
    static let quietInterval: Duration = .milliseconds(100)
    static let emptyInterval: Duration = .seconds(1)

    private static let never = Instant(nanoseconds: .max)
    private var due: [Instant] = []
    private var hosts: [Host?] = []

    var indices: Range<Int> { due.indices }

    @inline(__always)
    func isDue(_ index: Int, at now: Instant) -> Bool { due[index] <= now }

    func host(_ index: Int) -> Host? { hosts[index] }

    /// Polls a new conference from now on.
    mutating func add(_ name: CallID, _ conference: UnsafeMutablePointer<Conference>) {
        let host = Host(name: name, conference: conference)
        if let free = hosts.firstIndex(where: { $0 == nil }) {
            (hosts[free], due[free]) = (host, .zero)
        } else {
            hosts.append(host)
            due.append(.zero)
        }
    }

    mutating func remove(_ conference: UnsafeMutablePointer<Conference>) {
        guard let index = index(of: conference) else { return }
        (hosts[index], due[index]) = (nil, Self.never)
    }

    func index(of conference: UnsafeMutablePointer<Conference>) -> Int? {
        hosts.firstIndex { $0?.conference == conference }
    }

    mutating func set(_ index: Int, due instant: Instant) { due[index] = instant }

    /// Something has happened in a conference: it is polled at the next tick.
    @inline(__always)
    mutating func wake(_ index: Int) { due[index] = .zero }

    /// Whether it is time to look for codecs; says yes once a second.
    mutating func checksCodecs(_ index: Int, now: Instant) -> Bool {
        guard let next = hosts[index]?.nextCodecCheck, now >= next else { return false }
        hosts[index]?.nextCodecCheck = now + WorkerCore.codecCheckInterval
        return true
    }
}
