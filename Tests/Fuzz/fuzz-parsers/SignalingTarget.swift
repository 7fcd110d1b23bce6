@testable import Signaling

/// A text frame of a client. Whatever JSON it holds can be written and read again.
func testSignaling(_ input: RawSpan) {
    let frame = text(input)
    do throws(RefusedMessage) {
        _ = try ClientMessage.decode(frame)
    } catch {
        check(!error.error.message.isEmpty, "a refusal gives its reason")
    }
    if let value = try? JSONReader.read(frame) {
        // Names may grow by escapes and numbers change their form, so only the structure is bounded here.
        let limits = JSONLimits(nameBytes: .max, numberCharacters: .max)
        check((try? JSONReader.read(value.text, limits: limits)) != nil, "JSON reads as it was written: \(value.text)")
    }
}
