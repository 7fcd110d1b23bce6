internal import CNIOBoringSSL
internal import ProtocolCore

/// The time that BoringSSL is told.
///
/// BoringSSL asks for it by a callback without saying for which session, so it is bound to the running task or thread
/// for the length of each call. Retransmission thus follows the driver's instants, virtual ones too.
enum DTLSClock {
    @TaskLocal static var now = Instant.zero

    /// Seconds added to all instants: BoringSSL takes no negative times, and instants reach back 292 years from their
    /// origin. This is 544 years.
    private static let offset: Int64 = 1 << 34

    static func time(of instant: Instant) -> timeval {
        let (seconds, nanoseconds) = instant.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let (whole, part) = nanoseconds < 0 ? (seconds - 1, nanoseconds + 1_000_000_000) : (seconds, nanoseconds)
        // The fields have other types on other systems.
        return timeval(tv_sec: .init(whole + offset), tv_usec: .init(part / 1_000))
    }
}
