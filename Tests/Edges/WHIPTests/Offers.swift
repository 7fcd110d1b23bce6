/// Offers as plain WebRTC programs write them.
enum Offers {
    static func line(_ kind: String, mid: String, _ direction: String) -> String {
        kind == "audio"
            ? line(kind, mid: mid, direction, 111, "opus/48000/2")
            : line(kind, mid: mid, direction, 102, "H264/90000", parameters: "packetization-mode=1")
    }

    static func line(
        _ kind: String, mid: String, _ direction: String, _ format: Int, _ codec: String, parameters: String = "x=1"
    ) -> String {
        """
        m=\(kind) 9 UDP/TLS/RTP/SAVPF \(format)
        c=IN IP4 0.0.0.0
        a=mid:\(mid)
        a=\(direction)
        a=rtcp-mux
        a=rtpmap:\(format) \(codec)
        a=fmtp:\(format) \(parameters)
        a=ice-ufrag:abcd
        a=ice-pwd:clientpasswordclientpass
        a=candidate:1 1 udp 2130706431 192.0.2.2 50000 typ host

        """
    }

    static func session(_ lines: String...) -> String {
        let head = """
            v=0
            o=- 1 1 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=group:BUNDLE 0 1

            """
        return (head + lines.joined()).replacing("\n", with: "\r\n")
    }

    static let publisher = session(line("audio", mid: "0", "sendonly"), line("video", mid: "1", "sendonly"))
    static let viewer = session(line("audio", mid: "0", "recvonly"), line("video", mid: "1", "recvonly"))
}
