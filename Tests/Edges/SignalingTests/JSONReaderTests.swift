import Foundation
import ProtocolCore
import Testing

@testable import Signaling

@Suite("Reading JSON")
struct JSONReaderTests {
    private func refusal(_ text: String, _ limits: JSONLimits = .message) -> JSONError.Reason? {
        do throws(JSONError) {
            _ = try JSONReader.read(text, limits: limits)
            return nil
        } catch {
            return error.reason
        }
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test(
        "Values are read",
        arguments: [
            ("null", .null), (" true\n", .bool(true)), ("false", .bool(false)), ("0", 0), ("-0", 0), ("-17", -17),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5", .number(1.5)), ("3.0", 3), ("2e3", 2_000), ("1E-2", .number(0.01)), ("[]", []), ("{ }", [:]),
            (#"[1, "a" ,[null]]"#, [1, "a", [.null]]), (#"{"a" : {"b":[]}}"#, ["a": ["b": []]]),
            (#""\"\\\/\b\f\n\r\t\u00e9\uD83D\ude42é🙂""#, .string("\"\\/\u{8}\u{c}\n\r\té🙂é🙂")),
        ] as [(String, JSONValue)])
    func values(text: String, value: JSONValue) throws {
        #expect(try JSONReader.read(text) == value)
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "nul", "nulll", "tru", "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x10", "NaN", "Infinity", "'a'",
            "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
            "\"a\nb\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
            "{\"a\":1 \"b\":2}", "{1:2}", "]", "1 2", "[]]", "\u{feff}1", "1e999",
        ])
    func malformed(text: String) {
        #expect(refusal(text) != nil)
    }

    @Test("What is read agrees with Foundation, also cut off anywhere")
    func truncation() throws {
        let whole = #"{"a":[1.5,-2,true,null,"x\u00e9\n"],"b":{"c":{}},"d":"é"}"#
        for length in 0...whole.utf8.count {
            let cut = String(decoding: whole.utf8.prefix(length), as: UTF8.self)
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(cut.utf8))) != nil
            #expect((refusal(cut) == nil) == isJSON, "\(cut)")
        }
    }

    @Test("Of two members with one name the last one counts")
    func duplicates() throws {
        let value = try JSONReader.read(#"{"a":1,"b":2,"a":3}"#)
        #expect(value["a"] == 3)
    }

    @Test("Depth: at the limit it is read, deeper not; brackets in strings do not count")
    func depth() {
        let limit = JSONLimits.message.depth
        #expect(refusal(nested(limit)) == nil)
        #expect(refusal(nested(limit + 1)) == .tooDeep(limit: limit))
        let objects = String(repeating: #"{"a":"#, count: limit) + "0" + String(repeating: "}", count: limit)
        #expect(refusal(objects) == nil)
        #expect(refusal("[\(objects)]") == .tooDeep(limit: limit))
        #expect(refusal("\"" + String(repeating: "[", count: 100) + "\"") == nil)
        #expect(refusal(String(repeating: "[", count: 100_000)) == .tooDeep(limit: limit))
    }

    @Test("Values, those inside others included")
    func valueCount() {
        let limit = JSONLimits.message.values
        func array(_ count: Int) -> String { "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]" }
        #expect(refusal(array(limit - 1)) == nil)
        #expect(refusal(array(limit)) == .tooManyValues(limit: limit))
        #expect(refusal("[\(nested(2)),\(array(limit - 2))]") == .tooManyValues(limit: limit))
    }

    @Test("Names and numbers, written with escapes or without")
    func lengths() {
        let limits = JSONLimits.message
        let name = String(repeating: "n", count: limits.nameBytes)
        #expect(refusal("{\"\(name)\":1}") == nil)
        #expect(refusal("{\"\(name)n\":1}") == .nameTooLong(limit: limits.nameBytes))
        let escaped = String(repeating: "\\u0041", count: limits.nameBytes)
        #expect(refusal("{\"\(escaped)\":1}") == nil)
        #expect(refusal("{\"\(escaped)\\n\":1}") == .nameTooLong(limit: limits.nameBytes))
        let digits = "1." + String(repeating: "0", count: limits.numberCharacters - 2)
        #expect(refusal(digits) == nil)
        #expect(refusal(digits + "0") == .numberTooLong(limit: limits.numberCharacters))
        #expect(refusal(String(repeating: "9", count: 250_000)) == .numberTooLong(limit: limits.numberCharacters))
    }

    /// Frames of 256 kB whose contents cost seconds once. How much is done with them is counted, not timed: what is read
    /// stops at a bound, or is one string.
    @Test("A frame of 256 kB is refused at a bound, whatever it is filled with")
    func hostileFrames() {
        let limits = JSONLimits.message
        func filled(_ element: String) -> String {
            let count = 256 * 1_024 / (element.utf8.count + 1)
            let open = String(repeating: "[", count: limits.depth - 2)
            let close = String(repeating: "]", count: limits.depth - 2)
            return open + Array(repeating: element, count: count).joined(separator: ",") + close
        }
        for element in ["1", "1.5", "true", "[]", "{}", "\"\"", "[[]]", "{\"a\":1}", "null", "-0.1e-7"] {
            #expect(refusal(filled(element)) == .tooManyValues(limit: limits.values), "\(element)")
        }
        let members = (0..<20_000).map { "\"k\($0 % 2)\":1" }.joined(separator: ",")
        #expect(refusal("{\(members)}") == .tooManyValues(limit: limits.values))
    }

    @Test("Texts with random damage never trap, and what is read reads the same when it is written", arguments: 1...4)
    func damage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let whole = Array(#"{"a":[1.5,-2e3,true,null,"x\u00e9\ud83d\ude42\n\\"],"b":{"c":{"d":[[],{}]}},"é":"é"}"#.utf8)
        let alphabet = Array(#"{}[]",:\u0123456789dDeE+-.tfn é"#.utf8)
        var readable = 0
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: place)
                }
            }
            guard let value = try? JSONReader.read(String(decoding: bytes, as: UTF8.self)) else { continue }
            readable += 1
            #expect(try JSONReader.read(value.text) == value)
        }
        #expect(readable > 100)
    }

    @Test("A refusal is short and quotes nothing")
    func sentences() {
        for text in [String(repeating: "[", count: 99), "{\"\(String(repeating: "x", count: 9_999))\":1}", "<script>"] {
            do throws(JSONError) {
                _ = try JSONReader.read(text)
            } catch {
                #expect(error.sentence.utf8.count < 100)
                #expect(!error.sentence.contains("x\""))
            }
        }
    }
}
