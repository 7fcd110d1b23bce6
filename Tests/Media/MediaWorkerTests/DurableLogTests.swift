import MediaVocabulary
import ProtocolCore
import Testing

@testable import MediaWorker

@Suite("Log of durable messages")
struct DurableLogTests {
    private static let bytes = [UInt8](repeating: 0, count: 100)

    @Test("A message is for everybody but its sender, or for those who are named")
    func audience() {
        var log = DurableLog()
        log.append(Self.bytes, from: "ada", to: nil, now: .zero)
        log.append(Self.bytes, from: "ada", to: ["grace"], now: .zero)
        log.append(Self.bytes, from: "grace", to: [], now: .zero)
        #expect(log.messages(since: 0, for: "ada").isEmpty)
        #expect(log.messages(since: 0, for: "grace").map(\.number) == [0, 1])
        #expect(log.messages(since: 0, for: "edsger").map(\.number) == [0])
        #expect(log.messages(since: 1, for: "grace").map(\.number) == [1])
    }

    @Test("Messages that nobody fetched are forgotten by their age and number")
    func bounds() {
        var log = DurableLog()
        for _ in 0..<(DurableLog.count + 10) { log.append(Self.bytes, from: "ada", to: nil, now: .zero) }
        #expect(log.messages.count == DurableLog.count)
        #expect(log.messages.first?.number == 10)
        #expect(log.forgotten == 10)
        #expect(!log.hasRoom(for: 1, now: .zero))
        let later = Instant.zero + DurableLog.age + .seconds(1)
        #expect(log.hasRoom(for: 1, now: later))
        log.append(Self.bytes, from: "ada", to: nil, now: later)
        #expect(log.messages.count == 1)
        // What is too old is no loss that anybody is told of.
        #expect(log.forgotten == 10)
    }

    @Test("Bytes are bounded as well")
    func size() {
        var log = DurableLog()
        let large = [UInt8](repeating: 0, count: 32_768)
        for _ in 0..<100 { log.append(large, from: "ada", to: nil, now: .zero) }
        #expect(log.messages.count * large.count <= DurableLog.size)
        #expect(log.messages.count * large.count > DurableLog.size - large.count)
        #expect(!log.hasRoom(for: large.count, now: .zero))
        log.removeAll()
        #expect(log.hasRoom(for: large.count, now: .zero))
    }

    @Test("Who is named gets what is said from then on, who is not what is said from his coming on")
    func names() {
        var log = DurableLog()
        log.append(Self.bytes, from: "ada", to: nil, now: .zero)
        log.expect("grace")
        log.append(Self.bytes, from: "ada", to: nil, now: .zero)
        log.expect("grace")
        #expect(log.arrived("grace") == 1)
        #expect(log.arrived("grace") == 2)
        #expect(log.arrived("edsger") == 2)
        for number in 0..<(DurableLog.names + 10) { log.expect("n\(number)") }
        #expect(log.named.count == DurableLog.names)
        log.forget("n0")
        #expect(log.named.count == DurableLog.names - 1)
    }
}
