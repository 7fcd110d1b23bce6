import Doctor
import Foundation
import Glibc
import MediaIO
import ProtocolCore
import ServerConfiguration

/// Looks at the ports of the settings: who holds them, and whether they could be opened.
struct PortProbe {
    private struct Wanted {
        var purpose: String
        var transport: PortFacts.Transport
        var address: String
        var number: Int
        var setting: String
    }

    private let settings: Settings
    private let server: RunningServer?

    init(_ settings: Settings, server: RunningServer?) {
        self.settings = settings
        self.server = server
    }

    /// Ports that the kernel chooses (0) are left out.
    private var wanted: [Wanted] {
        var wanted = [
            Wanted(
                purpose: "HTTPS", transport: .tcp, address: settings.httpsBindAddress ?? BindAddress().everything,
                number: settings.httpsPort,
                setting: "https.port")
        ]
        if settings.isHTTPEnabled {
            wanted.append(
                Wanted(
                    purpose: "HTTP", transport: .tcp, address: settings.httpBindAddress, number: settings.httpPort,
                    setting: "http.port"))
        }
        let workers =
            settings.mediaWorkers > 0 ? settings.mediaWorkers : ProcessInfo.processInfo.activeProcessorCount
        let transports: [PortFacts.Transport] = settings.isMediaTCPEnabled ? [.udp, .tcp] : [.udp]
        for number in settings.mediaPort..<settings.mediaPort + (settings.mediaPort > 0 ? workers : 0) {
            for transport in transports {
                wanted.append(
                    Wanted(
                        purpose: "media", transport: transport,
                        address: settings.mediaBindAddress ?? BindAddress().everything, number: number,
                        setting: "media.port"))
            }
        }
        if settings.isTURNEnabled {
            for transport in [PortFacts.Transport.udp, .tcp] {
                wanted.append(
                    Wanted(
                        purpose: "TURN", transport: transport,
                        address: settings.turnBindAddress ?? BindAddress().everything,
                        number: settings.turnPort, setting: "turn.port"))
            }
        }
        return wanted.filter { $0.number > 0 }
    }

    var facts: PortFacts {
        let table = SocketTable(process: server.map { "\($0.processID)" } ?? "self")
        let own = server.map { ProcessFiles.socketInodes(of: $0.processID) } ?? []
        let ports = wanted.map { port in
            PortFacts.Port(
                purpose: port.purpose, transport: port.transport, number: port.number, setting: port.setting,
                state: state(of: port, table, own))
        }
        return PortFacts(ports: ports, ephemeral: Self.ephemeral, reserved: Self.reserved)
    }

    private func state(of port: Wanted, _ table: SocketTable, _ own: Set<UInt64>) -> PortFacts.State {
        let inodes = Set(table.entries(port.transport, port: port.number).map(\.inode))
        if server != nil {
            if !inodes.isDisjoint(with: own) { return .held }
            return inodes.isEmpty ? .missing : .taken(SocketTable.holder(of: inodes))
        }
        switch Self.tryToOpen(port.transport, address: port.address, port: port.number) {
        case 0: return .free
        case EADDRINUSE: return .taken(SocketTable.holder(of: inodes))
        case let error: return .refused(reason: String(cString: strerror(error)))
        }
    }

    /// Opens a port and closes it again; 0, or the kernel's error.
    private static func tryToOpen(_ transport: PortFacts.Transport, address: String, port: Int) -> Int32 {
        guard let endpoint = SocketEndpoint(address: address, port: UInt16(clamping: port)) else { return EINVAL }
        let kind = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = socket(
            endpoint.isIPv6 ? AF_INET6 : AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        if transport == .tcp {
            // As the server does, lest connections that have just ended look like somebody else's.
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        let bound = endpoint.withSocketAddress { bind(descriptor, $0, $1) }
        guard bound == 0 else { return errno }
        if transport == .tcp, listen(descriptor, 1) != 0 { return errno }
        return 0
    }

    private static var ephemeral: ClosedRange<Int>? {
        let text = ProcessFiles.text("/proc/sys/net/ipv4/ip_local_port_range") ?? ""
        let ends = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }

    /// `8080,9148-9150`
    private static var reserved: [ClosedRange<Int>] {
        let text = ProcessFiles.text("/proc/sys/net/ipv4/ip_local_reserved_ports") ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",").compactMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return nil }
            return first...last
        }
    }
}

extension SocketEndpoint {
    /// The endpoint in the kernel's form.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if isIPv6 {
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &six.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return withUnsafePointer(to: &six) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var four = sockaddr_in()
        four.sin_family = sa_family_t(AF_INET)
        four.sin_port = port.bigEndian
        four.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
        return withUnsafePointer(to: &four) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
