@testable import Signaling

/// A text frame of a client. Whatever JSON it holds can be written and read again.
func testSignaling(_ input: RawSpan) {
    let frame = text(input)
    do throws(RefusedMessage) {
        _ = try ClientMessage.decode(frame)
    } catch {
        check(!error.error.message.isEmpty, "a refusal gives its reason")
    }
    if let value = JSONValue(text: frame) {
        check(JSONValue(text: value.text) != nil, "JSON reads as it was written: \(value.text)")
    }
}
