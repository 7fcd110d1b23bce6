import Testing

@testable import Signaling

@Suite("How deeply a frame may be nested")
struct JSONDepthTests {
    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test("A frame at the limit is read, a deeper one is refused")
    func limit() {
        #expect(JSONValue(text: nested(JSONValue.maximumDepth)) != nil)
        #expect(JSONValue(text: nested(JSONValue.maximumDepth + 1)) == nil)
    }

    @Test("Brackets count in objects too, and not in strings")
    func whatCounts() {
        let depth = JSONValue.maximumDepth
        let objects = String(repeating: #"{"a":"#, count: depth) + "0" + String(repeating: "}", count: depth)
        #expect(JSONValue(text: objects) != nil)
        #expect(JSONValue(text: "[\(objects)]") == nil)
        let text = #""\"\\"# + String(repeating: "[{", count: depth) + #"""#
        #expect(JSONValue(text: text) == .string("\"\\" + String(repeating: "[{", count: depth)))
    }

    @Test("A frame of 256 kB of brackets is refused as no message")
    func hostileFrame() {
        let frame = "[" + Array(repeating: nested(500), count: 250).joined(separator: ",") + "]"
        #expect(throws: RefusedMessage.self) { try ClientMessage.decode(frame) }
    }
}
