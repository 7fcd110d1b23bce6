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
        // The signing key is made after the id is stored, so a folder that has the key had the id.
        if try TokenSigningKey.exists(in: folder), try await database.resource.find("id") == nil {
            guard settings.acceptsEmptyDatabase else { throw EmptyDatabase(folder: folder.path) }
            logger.warning("The database in \(folder.path) is empty and begins anew, as database.acceptEmpty allows.")
        }
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

/// The data folder has the keys of a server, and a database that has never seen it.
struct EmptyDatabase: Error, CustomStringConvertible {
    let folder: String

    var description: String {
        "The data folder \(folder) has keys, but its database switchboard.db is new or empty: users, revocations and the "
            + "server's id are gone. Put the database back from a backup, or check that --data names the right folder. To "
            + "begin anew with these keys, which voids all user ids and tokens given out before, start once with "
            + "--database-accept-empty."
    }
}
