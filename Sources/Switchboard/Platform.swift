import Foundation
import Identity
import Logging
import RESTAPI
import ServerConfiguration
import Store
import Synchronization
import Telemetry

/// What every edge of the server stands on: the data folder, users and tokens, measurements, readiness.
struct Platform: Sendable {
    let settings: Settings
    let metrics: MetricsRegistry
    let logger: Logger
    let folder: DataFolder
    let database: StoreDatabase
    let accessKeys: AccessKeys
    /// The GUID of this server, a part of every user id.
    let resourceID: String
    let identities: IdentityService
    let tokenVerifier: TokenVerifier
    let readiness: ReadinessState

    init(settings: Settings, metrics: MetricsRegistry) async throws {
        self.settings = settings
        self.metrics = metrics
        logger = Logger(label: "switchboard")
        folder = try DataFolder.openForServer(at: settings.dataPath)
        database = try StoreDatabase(path: folder.path(of: "switchboard.db"))
        accessKeys = try AccessKeys.loadOrCreate(in: folder)
        resourceID = try await database.resource.value("id", initial: UUID().uuidString.lowercased())
        let issuer = try await TokenIssuer(
            key: try TokenSigningKey.loadOrCreate(in: folder), resourceID: resourceID)
        identities = IdentityService(issuer: issuer, users: database.users)
        tokenVerifier = TokenVerifier(issuer: issuer, users: database.users)
        readiness = ReadinessState()
    }
}

/// Whether the server takes new work, as the whole process sees it.
final class ReadinessState: Sendable {
    private let state = Mutex(Readiness.starting)

    var current: Readiness { state.withLock { $0 } }

    /// Goes on to the next state; a server that drains never becomes ready again.
    func advance(to next: Readiness) {
        state.withLock { state in
            if state != .draining { state = next }
        }
    }
}
