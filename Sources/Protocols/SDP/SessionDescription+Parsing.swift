extension SessionDescription {
    /// What a description may hold at most; the largest that browsers make stay far below.
    public enum Limit {
        /// Bytes of UTF-8 in all.
        public static let size = 256 * 1024
        /// Bytes in one line.
        public static let lineLength = 8192
        public static let mediaLines = 128
        /// In the session part, and in each m-line.
        public static let attributes = 512
        /// On one m-line.
        public static let formats = 128
        /// `b=` or `t=` lines in one part.
        public static let otherLines = 16
        /// Parameter sets that are read of one format.
        public static let parameterSets = 16
        /// BUNDLE groups that are looked at; a client has one.
        public static let bundles = 8
        /// Bytes in a mid that names its line; RFC 9143 §15.2 asks for three or fewer, and header extensions take 16.
        public static let midLength = 64
    }

    /// Reads a description; lines end with LF or CR LF.
    public init(parsing text: String) throws(SDPError) {
        guard text.utf8.count <= Limit.size else {
            throw SDPError(line: 1, reason: "The description is larger than \(Limit.size) bytes.", limit: "sdp.size")
        }
        var reader = SessionDescriptionReader()
        var number = 0
        for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            if bytes.isEmpty { continue }
            try reader.take(Substring(bytes), number: number)
        }
        self = try reader.finish(lineCount: number)
    }
}

/// Puts a description together line by line.
private struct SessionDescriptionReader {
    private var hasVersion = false
    private var origin: SessionDescription.Origin?
    private var name: String?
    private var session = SessionDescription(
        origin: SessionDescription.Origin(sessionID: "0", sessionVersion: "0", address: .unspecified))
    private var attributes: [SDPAttribute] = []
    private var timings: [String] = []
    private var media: SessionDescription.Media?

    mutating func take(_ line: Substring, number: Int) throws(SDPError) {
        func fail(_ reason: String, limit: String? = nil) -> SDPError {
            SDPError(line: number, reason: reason, limit: limit)
        }
        let bytes = line.utf8
        guard bytes.count <= SessionDescription.Limit.lineLength else {
            throw fail("The line is longer than \(SessionDescription.Limit.lineLength) bytes.", limit: "sdp.lineLength")
        }
        guard bytes.count >= 2, let type = bytes.first, bytes.dropFirst().first == UInt8(ascii: "=") else {
            throw fail("A line must have the form type=value.")
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
            throw fail("The line has control characters.")
        }
        let value = String(Substring(bytes.dropFirst(2)))
        if !hasVersion {
            guard type == UInt8(ascii: "v"), value == "0" else { throw fail("A description must begin with v=0.") }
            hasVersion = true
            return
        }
        if origin == nil {
            guard type == UInt8(ascii: "o") else { throw fail("The second line must be o=.") }
            guard let parsed = SessionDescription.Origin(parsing: value) else {
                throw fail("o= needs user name, numeric id and version, network type, address type and address.")
            }
            origin = parsed
            return
        }
        switch type {
        case UInt8(ascii: "v"), UInt8(ascii: "o"):
            throw fail("There must be one v= and one o= line.")
        case UInt8(ascii: "s"):
            guard name == nil, media == nil else { throw fail("There must be one s= line.") }
            name = value
        case UInt8(ascii: "t"):
            guard media == nil else { throw fail("t= belongs before the first m=.") }
            guard timings.count < SessionDescription.Limit.otherLines else {
                throw fail("There are too many t= lines.", limit: "sdp.otherLines")
            }
            timings.append(value)
        case UInt8(ascii: "c"):
            guard let connection = SessionDescription.ConnectionData(parsing: value) else {
                throw fail("c= needs network type, address type and address.")
            }
            if media == nil { session.connection = connection } else { media?.connection = connection }
        case UInt8(ascii: "b"):
            let count = media?.bandwidths.count ?? session.bandwidths.count
            guard count < SessionDescription.Limit.otherLines else {
                throw fail("There are too many b= lines.", limit: "sdp.otherLines")
            }
            if media == nil { session.bandwidths.append(value) } else { media?.bandwidths.append(value) }
        case UInt8(ascii: "a"):
            guard attributes.count < SessionDescription.Limit.attributes else {
                throw fail(
                    "One part has more than \(SessionDescription.Limit.attributes) attributes.", limit: "sdp.attributes"
                )
            }
            attributes.append(try attribute(value, number: number))
        case UInt8(ascii: "m"):
            closePart()
            guard session.media.count < SessionDescription.Limit.mediaLines else {
                throw fail(
                    "There are more than \(SessionDescription.Limit.mediaLines) m-lines.", limit: "sdp.mediaLines")
            }
            media = try mediaLine(value, number: number)
        case UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "e"), UInt8(ascii: "p"), UInt8(ascii: "r"),
            UInt8(ascii: "z"), UInt8(ascii: "k"):
            break
        default:
            throw fail("There is no line type \(Unicode.Scalar(type).escaped(asASCII: true)).")
        }
    }

    consuming func finish(lineCount: Int) throws(SDPError) -> SessionDescription {
        guard let origin, let name else {
            throw SDPError(line: max(lineCount, 1), reason: "The description ends before v=, o= and s= are complete.")
        }
        closePart()
        session.origin = origin
        session.name = name
        session.timings = timings
        return session
    }

    private mutating func closePart() {
        if var media {
            media.attributes = AttributeList(attributes)
            session.media.append(media)
        } else {
            session.attributes = AttributeList(attributes)
        }
        media = nil
        attributes = []
    }

    private func attribute(_ text: String, number: Int) throws(SDPError) -> SDPAttribute {
        let (name, value) = text.cut(at: ":").map { ($0, $1 as String?) } ?? (text.trimmed, nil)
        guard name.isToken else { throw SDPError(line: number, reason: "The attribute has no name.") }
        return SDPAttribute(name, value)
    }

    private func mediaLine(_ value: String, number: Int) throws(SDPError) -> SessionDescription.Media {
        let fields = value.fields()
        guard fields.count >= 4, fields[0].isToken else {
            throw SDPError(line: number, reason: "m= needs media, port, transport and formats.")
        }
        let (first, count) = fields[1].cut(at: "/") ?? (fields[1], "1")
        guard let port = UInt16(first), let portCount = UInt16(count) else {
            throw SDPError(
                line: number, reason: "The port of an m-line must be a number from 0 to 65535, or port/count.")
        }
        guard fields.count - 3 <= SessionDescription.Limit.formats else {
            throw SDPError(
                line: number, reason: "The m-line has more than \(SessionDescription.Limit.formats) formats.",
                limit: "sdp.formats")
        }
        return SessionDescription.Media(
            kind: fields[0], port: port, portCount: portCount, transport: fields[2], formats: Array(fields[3...]))
    }
}

extension SessionDescription.Origin {
    fileprivate init?(parsing value: String) {
        let fields = value.fields()
        func isNumber(_ text: String) -> Bool {
            text.utf8.count <= 40 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard fields.count == 6, isNumber(fields[1]), isNumber(fields[2]) else { return nil }
        self.init(
            username: fields[0], sessionID: fields[1], sessionVersion: fields[2],
            address: SessionDescription.ConnectionData(
                networkType: fields[3], addressType: fields[4], address: fields[5]))
    }
}

extension SessionDescription.ConnectionData {
    fileprivate init?(parsing value: String) {
        let fields = value.fields()
        guard fields.count == 3 else { return nil }
        self.init(networkType: fields[0], addressType: fields[1], address: fields[2])
    }
}
