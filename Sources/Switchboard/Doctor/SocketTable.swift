import Doctor

/// The listening TCP sockets and the UDP sockets of a network namespace, from `/proc/PID/net` (proc(5)).
struct SocketTable {
    struct Entry {
        var transport: PortFacts.Transport
        var port: Int
        var inode: UInt64
        /// Datagrams thrown away for want of room; 0 for TCP.
        var drops: Int
    }

    var entries: [Entry] = []

    /// - Parameter process: Whose network namespace is looked at; `self` by default.
    init(process: String = "self") {
        for (name, transport) in [("tcp", PortFacts.Transport.tcp), ("tcp6", .tcp), ("udp", .udp), ("udp6", .udp)] {
            entries += Self.entries(in: ProcessFiles.text("/proc/\(process)/net/\(name)") ?? "", transport)
        }
    }

    /// Reads one of those files.
    static func entries(in text: String, _ transport: PortFacts.Transport) -> [Entry] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count > 9, let colon = fields[1].lastIndex(of: ":"),
                let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16), let inode = UInt64(fields[9])
            else { return nil }
            // State 0A is LISTEN.
            if transport == .tcp, fields[3] != "0A" { return nil }
            let drops = transport == .udp ? fields.last.flatMap { Int($0) } ?? 0 : 0
            return Entry(transport: transport, port: port, inode: inode, drops: drops)
        }
    }

    func entries(_ transport: PortFacts.Transport, port: Int) -> [Entry] {
        entries.filter { $0.transport == transport && $0.port == port }
    }

    /// The process that holds one of these sockets, where it can be seen.
    static func holder(of inodes: Set<UInt64>) -> PortFacts.Holder? {
        for name in ProcessFiles.names(in: "/proc") {
            guard let process = Int32(name), !ProcessFiles.socketInodes(of: process).isDisjoint(with: inodes) else {
                continue
            }
            let command = ProcessFiles.text("/proc/\(process)/comm")?.split(separator: "\n").first.map { String($0) }
            return PortFacts.Holder(processID: Int(process), name: command ?? "a program")
        }
        return nil
    }
}
