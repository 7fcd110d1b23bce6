/// What is known of the files and sockets that the server may have open.
public struct DescriptorFacts: Sendable, Hashable {
    /// The hard limit: the server raises its soft one to it.
    public var hardLimit: Int
    public var softLimit: Int
    /// How many the running server has open; nil where none runs.
    public var used: Int?

    public init(hardLimit: Int, softLimit: Int, used: Int? = nil) {
        self.hardLimit = hardLimit
        self.softLimit = softLimit
        self.used = used
    }

    /// What a server with all of its allowed connections at once needs, with some room.
    public static let wanted = 16_384
    /// With fewer it cannot serve even one full call over TCP.
    public static let fewest = 2_048

    private static let mend = "Set LimitNOFILE=65536 in the service, or --ulimit nofile=65536:65536 for the container."

    public var findings: [Finding] {
        if let used, used * 10 > hardLimit * 9 {
            return [
                .problem(
                    .descriptors, "descriptorsUsedUp", "The server has \(used) of \(hardLimit) descriptors open.",
                    remedy: Self.mend)
            ]
        }
        if hardLimit < Self.fewest {
            return [
                .problem(
                    .descriptors, "descriptorsFew",
                    "The server may open \(hardLimit) descriptors, too few for a call whose members all take TCP.",
                    remedy: Self.mend)
            ]
        }
        if hardLimit < Self.wanted {
            return [
                .warning(
                    .descriptors, "descriptorsScarce",
                    "The server may open \(hardLimit) descriptors; with all connections that its limits allow it needs "
                        + "\(Self.wanted).",
                    remedy: Self.mend)
            ]
        }
        let open = used.map { ", and has \($0) open" } ?? ""
        return [.ok(.descriptors, "descriptorsEnough", "The server may open \(hardLimit) descriptors\(open).")]
    }
}
