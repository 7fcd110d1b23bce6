import DTLS
import ProtocolCore
import SRTP

/// A client and a server joined by a network in virtual time.
final class Handshake {
    static let clientIdentity = makeIdentity()
    static let serverIdentity = makeIdentity()

    enum End: Hashable {
        case client
        case server
    }

    /// What the network does with a datagram: the pieces it delivers in its place. The number counts all datagrams.
    typealias Network = (_ number: Int, _ datagram: [UInt8], _ to: End) -> [[UInt8]]

    let client: DTLSSession
    let server: DTLSSession
    private(set) var now: Instant
    private(set) var datagramCount = 0
    private(set) var keys: [End: SRTPKeyingMaterial] = [:]
    private(set) var failures: [End: DTLSError] = [:]
    private(set) var closed: Set<End> = []
    private let network: Network
    private var inFlight: [(to: End, datagram: [UInt8])] = []
    private(set) var largestDatagram = 0

    init(
        clientVersions: ClosedRange<DTLSSession.Version> = .dtls12 ... .dtls13,
        serverVersions: ClosedRange<DTLSSession.Version> = .dtls12 ... .dtls13,
        clientProfiles: [ProtectionProfile] = DTLSSession.defaultProfiles,
        serverProfiles: [ProtectionProfile] = DTLSSession.defaultProfiles,
        clientExpects: [CertificateFingerprint] = [serverIdentity.fingerprint],
        serverExpects: [CertificateFingerprint] = [clientIdentity.fingerprint],
        origin: Instant = .zero,
        network: @escaping Network = { _, datagram, _ in [datagram] }
    ) throws {
        client = try DTLSSession(
            identity: Self.clientIdentity, role: .client, expectedFingerprints: clientExpects,
            profiles: clientProfiles, versions: clientVersions)
        server = try DTLSSession(
            identity: Self.serverIdentity, role: .server, expectedFingerprints: serverExpects,
            profiles: serverProfiles, versions: serverVersions)
        now = origin
        self.network = network
    }

    private static func makeIdentity() -> DTLSIdentity {
        do {
            return try DTLSIdentity.generate(unixTime: 1_750_000_000)
        } catch {
            fatalError("No identity: \(error)")
        }
    }

    var isConnected: Bool {
        keys.count == 2
    }

    /// Runs until nothing is in flight and no timer is set, or for so long in virtual time.
    func run(for limit: Duration = .seconds(60)) {
        let end = now + limit
        client.start(now: now)
        server.start(now: now)
        while true {
            drain(client, .client)
            drain(server, .server)
            if !inFlight.isEmpty {
                let (to, datagram) = inFlight.removeFirst()
                session(to).handle(datagram.span.bytes, now: now)
                continue
            }
            guard let next = [client.timeout, server.timeout].compactMap({ $0 }).min(), next <= end else { return }
            now = max(now, next)
            for session in [client, server] {
                if let timeout = session.timeout, timeout <= now { session.handleTimeout(now: now) }
            }
        }
    }

    func session(_ end: End) -> DTLSSession {
        switch end {
        case .client: client
        case .server: server
        }
    }

    /// What each end was sent as application data.
    private(set) var records: [End: [[UInt8]]] = [:]

    /// Sends application data from one end, and lets everything pass.
    func send(_ record: [UInt8], from end: End) -> Bool {
        let isTaken = session(end).send(record)
        drain(session(end), end)
        return isTaken
    }

    private func drain(_ session: DTLSSession, _ end: End) {
        while let output = session.poll() {
            switch output {
            case .transmit(let datagram):
                largestDatagram = max(largestDatagram, datagram.count)
                let to: End = end == .client ? .server : .client
                inFlight += network(datagramCount, datagram, to).map { (to, $0) }
                datagramCount += 1
            case .connected(let material): keys[end] = material
            case .failed(let error): failures[end] = error
            case .received(let record): records[end, default: []].append(record)
            case .closed: closed.insert(end)
            }
        }
    }
}
