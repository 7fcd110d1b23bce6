import Doctor
import Foundation
import Store

/// Finds out who holds a port that could not be opened, from what Linux tells in `/proc`.
enum PortHolder {
    enum Transport: String {
        case udp
        case tcp
    }

    /// A sentence about the first of the ports that is held, for a message to the operator; nil when none is, or when the
    /// system does not say.
    static func sentence(_ transport: Transport, _ ports: Range<Int>) -> String? {
        for port in ports {
            guard let socket = socket(transport, port) ?? socket(transport, port) ?? socket(transport, port) else {
                continue
            }
            let holder =
                SocketTable.holder(of: [socket.inode]).map { "\($0.name) (process \($0.processID))" }
                ?? "a process of the user with the number \(socket.user)"
            return "\(transport.rawValue.uppercased()) port \(port) is held by \(holder).\(ephemeralNote(port))"
        }
        return nil
    }

    private struct Socket {
        let user: String
        let inode: UInt64
        let listens: Bool
    }

    /// Linux gives the table out piece by piece, and sockets that come and go meanwhile may hide others; so a socket that is
    /// not found is looked for again.
    ///
    /// Columns of `/proc/net/udp` and its kin: 1 is the local address in hexadecimal, 3 the state, 7 the user, 9 the inode.
    private static func socket(_ transport: Transport, _ port: Int) -> Socket? {
        var found: Socket?
        for file in ["/proc/net/\(transport.rawValue)", "/proc/net/\(transport.rawValue)6"] {
            guard let bytes = (try? DataFolder.readFile(file)) ?? nil else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                guard columns.count > 9, let digits = columns[1].split(separator: ":").last,
                    Int(digits, radix: 16) == port, let inode = UInt64(columns[9]), inode != 0
                else { continue }
                let socket = Socket(
                    user: String(columns[7]), inode: inode, listens: columns[3] == "0A")
                if found == nil || socket.listens { found = socket }
            }
        }
        return found
    }

    private static func ephemeralNote(_ port: Int) -> String {
        guard let text = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8) else {
            return ""
        }
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1], (bounds[0]...bounds[1]).contains(port) else { return "" }
        return " It lies among the ports that this system gives to outgoing sockets (\(bounds[0])–\(bounds[1]))."
    }
}
