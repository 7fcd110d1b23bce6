import Doctor
import Foundation
import Glibc
import MediaIO
import ProtocolCore
import STUN
import ServerConfiguration

/// Compares the addresses of the settings with those of this machine, of its name, and with what STUN servers see.
struct AddressProbe {
    private let settings: Settings
    private let stun: HostAndPort?

    init(_ settings: Settings, stun: HostAndPort?) {
        self.settings = settings
        self.stun = stun
    }

    func facts(serverRuns: Bool) async -> AddressFacts {
        let resolved = await SocketEndpoint.resolve(settings.publicHost, port: 0)
        var facts = AddressFacts(
            publicHost: settings.publicHost, resolved: resolved.map(\.forDoctor),
            advertised: MediaReach(settings).advertised.map(\.forDoctor),
            areGiven: !settings.mediaAdvertisedAddresses.isEmpty,
            interfaces: SocketEndpoint.interfaceAddresses().map(\.forDoctor), mapping: .notAsked)
        if let stun { facts.mapping = await mapping(by: stun) }
        if serverRuns, settings.isTURNEnabled, let port = UInt16(exactly: settings.turnPort), port > 0 {
            facts.ownMapping = await mapping(by: HostAndPort(host: settings.turnHost, port: port))
        }
        return facts
    }

    /// Whether the server's name means this machine alone.
    func isLocal() async -> Bool {
        let resolved = await SocketEndpoint.resolve(settings.publicHost, port: 0)
        return !resolved.isEmpty && resolved.allSatisfy(\.isLoopback)
    }

    func familyFacts() async -> IPv6Facts {
        let interfaces = SocketEndpoint.interfaceAddresses().filter { !$0.isLoopback }
        let hasIPv4 = interfaces.contains { !$0.isIPv6 }
        var binds = [
            bind("https.bind", settings.httpsBindAddress ?? BindAddress().everything),
            bind("media.bindAddress", settings.mediaBindAddress ?? BindAddress().everything),
        ]
        if settings.isTURNEnabled {
            binds.append(bind("turn.bindAddress", settings.turnBindAddress ?? BindAddress().everything))
        }
        return IPv6Facts(
            // A local address counts where there is nothing else.
            machineHasIPv6: interfaces.contains { $0.isIPv6 && ($0.isGlobalIPv6 || !hasIPv4) },
            machineHasIPv4: hasIPv4,
            hostHasIPv6: await SocketEndpoint.resolve(settings.publicHost, port: 0)
                .contains { $0.isIPv6 && !$0.isLoopback },
            publicHost: settings.publicHost, binds: binds)
    }

    private func bind(_ setting: String, _ address: String) -> IPv6Facts.Bind {
        let isIPv6 = address.contains(":")
        return IPv6Facts.Bind(
            setting: setting, address: address, takesIPv6: isIPv6, takesIPv4: !isIPv6 || address == "::")
    }

    // MARK: STUN

    /// Asks a STUN server three times at most where our datagrams come from.
    private func mapping(by server: HostAndPort) async -> AddressFacts.Mapping {
        let candidates = await SocketEndpoint.resolve(server.host, port: server.port)
        for endpoint in candidates.prefix(2) {
            if let seen = await Self.ask(endpoint) { return .seen(seen.forDoctor, server: "\(server)") }
        }
        return .unanswered(server: "\(server)")
    }

    private static func ask(_ server: SocketEndpoint) async -> SocketEndpoint? {
        await withCheckedContinuation { continuation in
            // It waits in the kernel, which tasks must not.
            Thread.detachNewThread { continuation.resume(returning: askBlocking(server)) }
        }
    }

    private static func askBlocking(_ server: SocketEndpoint) -> SocketEndpoint? {
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(server.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard server.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else { return nil }
        var patience = timeval(tv_sec: 0, tv_usec: 700_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let transaction = STUNMessage.TransactionID(high: .random(in: 0...UInt32.max), low: .random(in: 0...UInt64.max))
        let request = STUNMessageBuilder(.request, .binding, transactionID: transaction).finish(integrityKey: nil)
        for _ in 0..<3 {
            guard send(descriptor, request, request.count, 0) == request.count else { continue }
            var buffer = [UInt8](repeating: 0, count: 1_024)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { continue }
            let datagram = Array(buffer[..<count])
            guard let answer = try? STUNMessage(parsing: datagram.span.bytes), answer.transactionID == transaction,
                let seen = answer.xorMappedAddress
            else { continue }
            return seen
        }
        return nil
    }
}

extension SocketEndpoint {
    /// As the doctor judges it.
    var forDoctor: AddressFacts.Address {
        AddressFacts.Address(address, isLoopback: isLoopback, isPrivate: isPrivate, isIPv6: isIPv6)
    }

    /// RFC 1918, RFC 6598, RFC 3927; RFC 4193.
    private var isPrivate: Bool {
        guard !isIPv6 else { return high >> 57 == 0xfc >> 1 }
        let blocks: [(UInt64, UInt64)] = [
            (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0x6440_0000, 10), (0xa9fe_0000, 16),
        ]
        return blocks.contains { base, length in low >> (32 - length) == base >> (32 - length) }
    }

    /// 2000::/3 (RFC 4291 §2.4)
    fileprivate var isGlobalIPv6: Bool { isIPv6 && high >> 61 == 1 }
}
