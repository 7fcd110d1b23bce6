import ProtocolCore
import Testing

@testable import LoadGenerator

@Suite struct ProcessUsageTests {
    @Test func readsWhatTheKernelTells() throws {
        let stat =
            "4711 (a) (b) S) S 1 4711 4711 0 -1 4194560 9000 0 5 0 1234 566 0 0 20 0 9 0 100 900000 2000 18446744073709551615"
        let usage = try #require(
            ProcessUsage(stat: stat, statm: "50000 2000 900 10 0 600 0\n", ticksPerSecond: 100, pageSize: 4096))
        #expect(usage.cpu == .seconds(18))
        #expect(usage.residentBytes == 8_192_000)
        #expect(usage.ownBytes == 1100 * 4096)
    }

    @Test(arguments: ["", "1 (x", "1 (x) S", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 a b"])
    func refusesOtherTexts(stat: String) {
        #expect(ProcessUsage(stat: stat, statm: "1 2", ticksPerSecond: 100, pageSize: 4096) == nil)
    }

    @Test func thisProcessUsesSomething() throws {
        let usage = try #require(ProcessUsage.own())
        #expect(usage.residentBytes > 1_000_000)
        #expect(usage.ownBytes > 100_000)
        #expect(usage.ownBytes < usage.residentBytes)
    }

    @Test func noProcessUsesNothing() {
        #expect(ProcessUsage.of(process: -1) == nil)
    }
}
