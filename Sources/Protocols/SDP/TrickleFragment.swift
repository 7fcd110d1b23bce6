public import ICE

/// An SDP fragment (RFC 8840 §9): candidates or new credentials, apart from a whole description.
public struct TrickleFragment: Hashable, Sendable {
    /// The media type of a fragment.
    public static let mediaType = "application/trickle-ice-sdpfrag"
    /// The most lines that are read. A fragment has some for each m-line and one for each candidate.
    private static let lineLimit = 4096

    /// The sender's ICE credentials; nil when the fragment names none.
    public let credentials: ICECredentials?

    /// Reads what matters to an ICE-lite server, which has no use for candidates: the credentials. All m-lines of a
    /// session share one transport, so credentials that differ between parts are an error.
    public init(parsing text: String) throws(SDPError) {
        var number = 0
        func refusal(_ reason: String) -> SDPError { SDPError(line: number, reason: reason) }
        var found: ICECredentials?
        var ufrag: String?
        var password: String?
        func closePart() throws(SDPError) {
            defer { (ufrag, password) = (nil, nil) }
            guard ufrag != nil || password != nil else { return }
            guard let ufrag, let password else {
                throw refusal("a=ice-ufrag and a=ice-pwd belong together")
            }
            let credentials = ICECredentials(ufrag: ufrag, password: password)
            guard credentials.isWellFormed else {
                throw refusal("a=ice-ufrag or a=ice-pwd is too short, too long or has characters that are not allowed")
            }
            guard found.map({ $0 == credentials }) ?? true else {
                throw refusal("the m-lines of the fragment have differing ICE credentials")
            }
            found = credentials
        }
        for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard number <= Self.lineLimit else {
                throw refusal("more than \(Self.lineLimit) lines")
            }
            let line = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            guard let type = line.first else { continue }
            guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(type), line.dropFirst().first == UInt8(ascii: "=")
            else {
                throw refusal("not of the form type=value")
            }
            let value = Substring(line.dropFirst(2))
            if type == UInt8(ascii: "m") {
                try closePart()
            } else if type == UInt8(ascii: "a"), let text = value.value(of: "ice-ufrag") {
                ufrag = text
            } else if type == UInt8(ascii: "a"), let text = value.value(of: "ice-pwd") {
                password = text
            }
        }
        try closePart()
        credentials = found
    }

    /// What a client needs of an answer to go on with restarted ICE: our credentials and candidates, by m-line.
    public static func describing(_ answer: SessionDescription) -> String {
        var text = ""
        func write(_ attributes: AttributeList, _ names: Set<String>) {
            for attribute in attributes where names.contains(attribute.name) {
                text += attribute.value.map { "a=\(attribute.name):\($0)\r\n" } ?? "a=\(attribute.name)\r\n"
            }
        }
        write(answer.attributes, ["ice-lite", "ice-options", "group", "ice-ufrag", "ice-pwd"])
        for media in answer.media where media.port != 0 {
            text += "m=\(media.kind) 9 \(media.transport) \(media.formats.first ?? "0")\r\n"
            write(media.attributes, ["mid", "ice-ufrag", "ice-pwd", "candidate", "end-of-candidates"])
        }
        return text
    }
}

extension Substring {
    /// What follows `name:`.
    fileprivate func value(of name: String) -> String? {
        guard hasPrefix(name + ":") else { return nil }
        return String(dropFirst(name.count + 1))
    }
}
