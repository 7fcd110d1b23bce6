import Foundation
import Identity
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
        ("Tue, 24 Nov 2026 10:00:00 GMT", 1_795_514_400),
        ("Fri, 31 Dec 2100 12:00:00 GMT", 4_133_937_600),
    ])
    func httpDates(text: String, seconds: Double) {
        #expect(HTTPDate.parse(text) == Date(timeIntervalSince1970: seconds))
        #expect(HTTPDate.format(Date(timeIntervalSince1970: seconds)) == text)
    }

    @Test(arguments: [
        "", " ", "Thu, 01 Jan 1970 00:00:00", "Thu, 1 Jan 1970 00:00:00 GMT", "Thu, 01 Foo 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 24:00:00 GMT", "Thu, 01 Jan 1970 00:00 GMT", "Thu, 00 Jan 1970 00:00:00 GMT",
        "Thu, +1 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT GMT", "Thu, 01 Jan 99999 00:00:00 GMT",
    ])
    func otherDatesAreNotRead(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }

    @Test func contractDates() {
        #expect(ISO8601Timestamp.format(Date(timeIntervalSince1970: 1_795_514_400)) == "2026-11-24T10:00:00Z")
    }
}
