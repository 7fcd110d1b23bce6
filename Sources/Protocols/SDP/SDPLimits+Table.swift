public import ProtocolCore

extension [Limit] {
    /// What a session description may hold.
    public static let sdp: [Limit] = {
        let bounds = SessionDescription.Limit.self
        let refused = "the offer cannot be read"
        let test = "namesTheLimitThatIsHit"
        return [
            Limit("sdp.size", bounds.size, "bytes", per: .message, consequence: refused, test: test),
            Limit("sdp.lineLength", bounds.lineLength, "bytes", per: .message, consequence: refused, test: test),
            Limit("sdp.mediaLines", bounds.mediaLines, "m-lines", per: .message, consequence: refused, test: test),
            Limit("sdp.attributes", bounds.attributes, "attributes", per: .message, consequence: refused, test: test),
            Limit("sdp.formats", bounds.formats, "formats", per: .message, consequence: refused, test: test),
            Limit("sdp.otherLines", bounds.otherLines, "lines", per: .message, consequence: refused, test: test),
            Limit(
                "sdp.mid", bounds.midLength, "bytes", per: .message,
                counter: "switchboard_media_rejected_lines_total{reason=\"unusableMid\"}",
                consequence: "the line is refused",
                test: "namesTheLineThatLeavesNothing"),
        ]
    }()
}
