import Doctor
import Testing

@Suite("Doctor: the machine")
struct MachineFactsTests {
    @Test(
        "A clock is compared with a tolerance",
        arguments: [(0.4, "clockRight"), (-4.9, "clockRight"), (6, "clockOff"), (-30, "clockOff"), (300, "clockWrong")])
    func clock(ahead: Double, word: String) {
        let facts = ClockFacts(isSynchronized: false, ahead: (ahead, "https://example.com"))
        #expect(facts.findings.map(\.word) == [word])
    }

    @Test("Without a server to ask, the kernel's word and jumps count")
    func clockAlone() {
        #expect(ClockFacts(isSynchronized: true).findings.map(\.word) == ["clockRight"])
        #expect(ClockFacts(isSynchronized: nil).findings.map(\.word) == ["clockRight"])
        #expect(ClockFacts(isSynchronized: false).findings.map(\.word) == ["clockUnkept"])
        #expect(ClockFacts(isSynchronized: true, jump: -3_600).findings.map(\.word) == ["clockJumped"])
        let silent = ClockFacts(isSynchronized: true, timeSourceFailure: "no answer came in time")
        #expect(silent.findings.map(\.word) == ["timeSourceSilent"])
    }

    @Test(
        "Descriptors",
        arguments: [
            (1_024, nil, "descriptorsFew"), (4_096, nil, "descriptorsScarce"), (65_536, 100, "descriptorsEnough"),
            (65_536, 60_000, "descriptorsUsedUp"),
        ] as [(Int, Int?, String)])
    func descriptors(limit: Int, used: Int?, word: String) {
        #expect(DescriptorFacts(hardLimit: limit, softLimit: 1_024, used: used).findings.map(\.word) == [word])
    }

    @Test("Buffers below two megabytes, and datagrams that were lost")
    func buffers() {
        let small = BufferFacts(receiveLimit: 212_992, sendLimit: 212_992, wanted: 8 << 20)
        #expect(small.findings.map(\.word) == ["bufferSmall", "bufferSmall"])
        #expect(small.findings[0].remedy?.contains("net.core.rmem_max=8388608") == true)
        let lossy = BufferFacts(receiveLimit: 8 << 20, sendLimit: 8 << 20, wanted: 8 << 20, dropped: 7)
        #expect(lossy.findings.map(\.word) == ["datagramsDropped"])
        let well = BufferFacts(receiveLimit: 4 << 20, sendLimit: 8 << 20, wanted: 8 << 20, dropped: 0)
        #expect(well.findings.map(\.message) == ["The kernel allows 4 MiB for each media socket."])
        #expect(BufferFacts(receiveLimit: nil, sendLimit: nil, wanted: 1).findings.map(\.word) == ["buffersUnknown"])
    }

    @Test("A data folder is judged by what it takes, what is left, and who may read it")
    func disk() {
        func words(
            _ folder: DiskFacts.Folder = .writable, free: Int? = 1 << 40, files: Int? = nil, open: Bool = false
        ) -> [String] {
            DiskFacts(path: "/data", folder: folder, freeBytes: free, freeFiles: files, isOpenToOthers: open)
                .findings.map(\.word)
        }
        #expect(words() == ["diskWell"])
        #expect(words(.absent) == ["diskWell"])
        #expect(words(.unwritable(reason: "Read-only file system")) == ["unwritable"])
        #expect(words(free: 100 << 20) == ["diskScarce"])
        #expect(words(free: 1 << 20) == ["diskFull"])
        #expect(words(files: 3) == ["noFilesLeft"])
        #expect(words(open: true) == ["openToOthers"])
    }
}
