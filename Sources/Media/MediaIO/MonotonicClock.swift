public import ProtocolCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Glibc)
    internal import Glibc
#endif

/// The one place where the media plane reads a clock; everything below it is told the time.
public enum MonotonicClock {
    /// Now, on the kernel's monotonic time line. Costs about 20 ns: once per burst, not per packet.
    @inline(__always)
    public static func now() -> Instant {
        #if canImport(Darwin)
            // CLOCK_MONOTONIC moves in whole microseconds there.
            Instant(nanoseconds: nanoseconds(of: CLOCK_MONOTONIC_RAW))
        #else
            Instant(nanoseconds: nanoseconds(of: CLOCK_MONOTONIC))
        #endif
    }

    /// Wall-clock time as seconds since 1970, for the NTP time stamps of sender reports.
    public static func unixSeconds() -> Double {
        Double(nanoseconds(of: CLOCK_REALTIME)) / 1e9
    }

    /// CPU time (user and system) that the calling thread has used, in nanoseconds.
    public static func threadCPUNanoseconds() -> Int64 {
        nanoseconds(of: CLOCK_THREAD_CPUTIME_ID)
    }

    private static func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
