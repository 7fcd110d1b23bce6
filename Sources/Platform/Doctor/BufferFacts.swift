/// What is known of the kernel's buffers for UDP.
public struct BufferFacts: Sendable, Hashable {
    /// `net.core.rmem_max` and `net.core.wmem_max` in bytes; nil where unknown.
    public var receiveLimit: Int?
    public var sendLimit: Int?
    /// What the media sockets ask for.
    public var wanted: Int
    /// Datagrams that the kernel threw away at the running server's media ports since its start.
    public var dropped: Int?

    public init(receiveLimit: Int?, sendLimit: Int?, wanted: Int, dropped: Int? = nil) {
        self.receiveLimit = receiveLimit
        self.sendLimit = sendLimit
        self.wanted = wanted
        self.dropped = dropped
    }

    /// What carries a call of fifty people over a pause of the process.
    public static let enough = 2 << 20

    public var findings: [Finding] {
        var found: [Finding] = []
        for (name, limit) in [("rmem_max", receiveLimit), ("wmem_max", sendLimit)] {
            guard let limit, limit < Self.enough else { continue }
            found.append(
                .warning(
                    .buffers, "bufferSmall",
                    "net.core.\(name) is \(limit) bytes; the media sockets ask for \(wanted), so bursts are lost when the "
                        + "machine is busy.",
                    remedy: "sysctl -w net.core.\(name)=\(wanted), and keep it in /etc/sysctl.d."))
        }
        if let dropped, dropped > 0 {
            found.append(
                .warning(
                    .buffers, "datagramsDropped",
                    "The kernel threw away \(dropped) datagrams at the media ports, since the server did not take them in "
                        + "time.",
                    remedy: "Enlarge net.core.rmem_max, or give the server more of the processor."))
        }
        guard found.isEmpty else { return found }
        guard let receiveLimit, let sendLimit else {
            return [.ok(.buffers, "buffersUnknown", "The kernel does not tell its limits here.")]
        }
        return [
            .ok(
                .buffers, "buffersEnough",
                "The kernel allows \(min(receiveLimit, sendLimit) >> 20) MiB for each media socket.")
        ]
    }
}
