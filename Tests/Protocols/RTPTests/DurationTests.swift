import ProtocolCore
import Testing

@Suite("Durations in nanoseconds")
struct DurationTests {
    @Test(
        "Whole nanoseconds come out as they went in",
        arguments: [
            0, 1, -1, 999_999_999, 1_000_000_000, -1_000_000_001, 1_700_000_000_123_456_789, Int64.max, Int64.min,
        ] as [Int64])
    func whole(_ nanoseconds: Int64) {
        #expect(Duration.nanoseconds(nanoseconds).nanoseconds == nanoseconds)
    }

    @Test("Every power of two and its neighbours come out as they went in")
    func powers() {
        for exponent in 0..<63 {
            for neighbour in [-1, 0, 1] as [Int64] {
                let value = (1 << Int64(exponent)) + neighbour
                #expect(Duration.nanoseconds(value).nanoseconds == value)
                #expect(Duration.nanoseconds(-value).nanoseconds == -value)
            }
        }
    }

    @Test("What is finer is cut toward zero")
    func fractions() {
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999).nanoseconds == 1)
        #expect(Duration(secondsComponent: 0, attosecondsComponent: 512).nanoseconds == 0)
        #expect(Duration(secondsComponent: 0, attosecondsComponent: -1_999_999_999).nanoseconds == -1)
        #expect((Duration.nanoseconds(100) / 3).nanoseconds == 33)
        #expect((Duration.nanoseconds(-100) / 3).nanoseconds == -33)
    }

    @Test("What is outside the range wraps")
    func wraps() {
        let long = Duration.nanoseconds(Int64.max) + .nanoseconds(1)
        #expect(long.nanoseconds == Int64.min)
    }
}
