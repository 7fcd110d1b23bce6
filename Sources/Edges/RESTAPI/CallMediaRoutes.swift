import Foundation
import HTTPTypes
public import Hummingbird
public import Identity

/// What each participant of a call is sent at this moment, and why not more.
public struct CallMediaReport: Encodable, Sendable {
    /// One receiver and its link.
    public struct Receiver: Encodable, Sendable {
        public var participantId: String
        /// Bits per second that may be sent to it; absent while its link is unknown.
        public var availableBitrate: Int?
        /// Bits per second that would be sent if the link carried anything.
        public var neededBitrate: Int
        /// Why the rate is what it is: `increasing`, `delayLimited`, `lossLimited`, `applicationLimited`,
        /// `feedbackMissing` or `atMaximum`.
        public var state: String?
        public var roundTripMilliseconds: Double?
        /// Which part of what it is sent gets lost, 0...1.
        public var lossShare: Double
        public var sentPackets: UInt64
        public var sentBytes: UInt64
        public var receivedPackets: UInt64
        public var receivedBytes: UInt64
        public var slots: [Slot]

        public init(
            participantId: String, availableBitrate: Int?, neededBitrate: Int, state: String?,
            roundTripMilliseconds: Double?, lossShare: Double, sentPackets: UInt64, sentBytes: UInt64,
            receivedPackets: UInt64, receivedBytes: UInt64, slots: [Slot]
        ) {
            self.participantId = participantId
            self.availableBitrate = availableBitrate
            self.neededBitrate = neededBitrate
            self.state = state
            self.roundTripMilliseconds = roundTripMilliseconds
            self.lossShare = lossShare
            self.sentPackets = sentPackets
            self.sentBytes = sentBytes
            self.receivedPackets = receivedPackets
            self.receivedBytes = receivedBytes
            self.slots = slots
        }
    }

    /// One picture that it sees.
    public struct Slot: Encodable, Sendable {
        public var mid: String
        /// Whose picture, and which layer of it; absent for a single stream.
        public var sourceParticipantId: String?
        public var rid: String?
        public var width: Int?
        public var height: Int?
        public var bitrate: Int
        /// Why not more: `best`, `viewSize`, `bandwidth`, `caution`, `priority`, `paused`, `notSent`,
        /// `publisherBandwidth` or `serverBusy`.
        public var reason: String

        public init(
            mid: String, sourceParticipantId: String?, rid: String?, width: Int?, height: Int?, bitrate: Int,
            reason: String
        ) {
            self.mid = mid
            self.sourceParticipantId = sourceParticipantId
            self.rid = rid
            self.width = width
            self.height = height
            self.bitrate = bitrate
            self.reason = reason
        }
    }

    public var callId: String
    public var receivers: [Receiver]

    public init(callId: String, receivers: [Receiver]) {
        self.callId = callId
        self.receivers = receivers
    }
}

/// `GET /switchboard/v1/calls/{callId}/media`, signed with an access key: who gets what, and why not more.
public struct CallMediaRoutes: RouterMiddleware {
    public typealias Context = BasicRequestContext

    private let authenticator: SharedKeyAuthenticator
    private let report: @Sendable (_ callID: String) async -> CallMediaReport?

    /// - Parameter report: Nil for a call that is not there.
    public init(
        authenticator: SharedKeyAuthenticator, report: @escaping @Sendable (_ callID: String) async -> CallMediaReport?
    ) {
        self.authenticator = authenticator
        self.report = report
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let service = ServiceRequest(request)
        let path = service.path
        guard path.count == 5, path[0...2] == ["switchboard", "v1", "calls"], path[4] == "media" else {
            return try await next(request, context)
        }
        guard request.method == .get || request.method == .head else {
            throw ContractError(
                .methodNotAllowed, "MethodNotAllowed", "This path takes GET and HEAD only.", allowedMethods: "GET, HEAD"
            )
        }
        _ = try await service.authenticatedBody(authenticator)
        guard let report = await report(path[3]) else {
            throw ContractError(.notFound, "CallNotFound", "There is no call \(path[3]) with media.")
        }
        let response = Response(json: report, status: .ok)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
