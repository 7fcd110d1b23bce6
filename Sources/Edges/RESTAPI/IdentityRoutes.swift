import Foundation
import HTTPTypes
public import Hummingbird
public import Identity

/// The identity API of the service contract, and our own routes to make users with a name.
public struct IdentityRoutes: RouterMiddleware {
    public typealias Context = BasicRequestContext

    private enum Route {
        case create
        case issueToken(userID: String)
        case revokeTokens(userID: String)
        case delete(userID: String)
        case exchangeTeamsToken
        case createNamed
        case createInDevelopment

        var method: HTTPRequest.Method {
            switch self {
            case .create, .issueToken, .revokeTokens, .exchangeTeamsToken, .createNamed, .createInDevelopment: .post
            case .delete: .delete
            }
        }

        init?(path: [String]) {
            switch path {
            case ["identities"]: self = .create
            case ["teamsUser", ":exchangeAccessToken"]: self = .exchangeTeamsToken
            case ["switchboard", "v1", "users"]: self = .createNamed
            case ["switchboard", "v1", "development", "users"]: self = .createInDevelopment
            case let parts where parts.count == 2 && parts[0] == "identities": self = .delete(userID: parts[1])
            case let parts where parts.count == 3 && parts[0] == "identities":
                switch parts[2] {
                case ":issueAccessToken": self = .issueToken(userID: parts[1])
                case ":revokeAccessTokens": self = .revokeTokens(userID: parts[1])
                default: return nil
                }
            default: return nil
            }
        }
    }

    private let identities: IdentityService
    private let authenticator: SharedKeyAuthenticator
    private let issueBudget: RequestBudget
    private let revokeBudget: RequestBudget
    private let isDevelopment: Bool

    /// - Parameters:
    ///   - issueBudget: Limits what makes identities and tokens.
    ///   - revokeBudget: Limits what ends them.
    ///   - isDevelopment: Whether anyone may make users by display name.
    public init(
        identities: IdentityService, authenticator: SharedKeyAuthenticator, issueBudget: RequestBudget,
        revokeBudget: RequestBudget, isDevelopment: Bool
    ) {
        self.identities = identities
        self.authenticator = authenticator
        self.issueBudget = issueBudget
        self.revokeBudget = revokeBudget
        self.isDevelopment = isDevelopment
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let service = ServiceRequest(request)
        guard let route = Route(path: service.path) else { return try await next(request, context) }
        guard request.method == route.method else {
            throw ContractError(
                .methodNotAllowed, "MethodNotAllowed", "This path takes \(route.method.rawValue) only.",
                allowedMethods: route.method.rawValue)
        }
        switch route {
        case .createNamed:
            return try await createNamed(try await service.authenticatedBody(authenticator))
        case .createInDevelopment:
            return try await createInDevelopment(service)
        case .create, .issueToken, .revokeTokens, .delete, .exchangeTeamsToken:
            var response: Response
            do {
                try APIVersions.identity.check(query: service.query)
                let body = try await service.authenticatedBody(authenticator)
                response = try await answer(route, body: body)
            } catch let error as ContractError {
                response = error.response
            } catch let error as IdentityError {
                response = error.contractError.response
            }
            response.headers[contractName: "api-supported-versions"] = APIVersions.identity.header
            return response
        }
    }

    private func answer(_ route: Route, body: [UInt8]) async throws -> Response {
        switch route {
        case .create:
            try Self.spend(issueBudget)
            let wish =
                body.isEmpty
                ? IdentityBodies.Create() : try IdentityBodies.decode(IdentityBodies.Create.self, from: body)
            let scopes = wish.createTokenWithScopes.flatMap { $0.isEmpty ? nil : $0 }
            let (userID, token) = try await identities.create(scopes: scopes, minutes: wish.expiresInMinutes?.value)
            let created = IdentityBodies.Created(
                identity: IdentityBodies.Identity(id: userID), accessToken: token.map(IdentityBodies.Token.init))
            return Response(json: created, status: .created)
        case .issueToken(let userID):
            try Self.spend(issueBudget)
            let wish = try IdentityBodies.decode(IdentityBodies.Issue.self, from: body)
            let token = try await identities.issueToken(
                userID: userID, scopes: wish.scopes, minutes: wish.expiresInMinutes?.value)
            return Response(json: IdentityBodies.Token(token), status: .ok)
        case .revokeTokens(let userID):
            try Self.spend(revokeBudget)
            try await identities.revokeTokens(userID: userID)
            return Response(status: .noContent)
        case .delete(let userID):
            try Self.spend(revokeBudget)
            try await identities.delete(userID: userID)
            return Response(status: .noContent)
        case .exchangeTeamsToken:
            try Self.spend(revokeBudget)
            throw ContractError(
                .forbidden, "TeamsExchangeNotSupported",
                "This server has no connection to Microsoft Teams and cannot exchange a Teams user's token.")
        case .createNamed, .createInDevelopment:
            throw ContractError(.notFound, "NotFound", "There is no such route.")
        }
    }

    private func createNamed(_ body: [UInt8]) async throws -> Response {
        try Self.spend(issueBudget)
        let wish = try IdentityBodies.decode(IdentityBodies.CreateNamed.self, from: body)
        return try await create(wish)
    }

    private func createInDevelopment(_ service: ServiceRequest) async throws -> Response {
        guard isDevelopment else {
            throw ContractError(
                .notFound, "DevelopmentModeOff",
                "Users are made by display name in development mode only. Start the server with --development, or make "
                    + "users with 'switchboard user create'.")
        }
        let body = try await service.body()
        try Self.spend(issueBudget)
        let wish = try IdentityBodies.decode(IdentityBodies.CreateNamed.self, from: body)
        guard wish.displayName != nil else {
            throw ContractError(
                .badRequest, "InvalidRequestBody", "The member displayName is missing.", target: "displayName")
        }
        return try await create(wish)
    }

    private func create(_ wish: IdentityBodies.CreateNamed) async throws -> Response {
        do {
            let (userID, token) = try await identities.create(
                displayName: wish.displayName, scopes: wish.scopes ?? [TokenScope.voip.rawValue],
                minutes: wish.expiresInMinutes?.value)
            guard let token else { throw IdentityError.noScopes }
            let user = IdentityBodies.NamedUser(
                userId: userID, token: token.token, expiresOn: ISO8601Timestamp.format(token.expiresOn),
                displayName: wish.displayName)
            return Response(json: user, status: .created)
        } catch let error as IdentityError {
            throw error.contractError
        }
    }

    private static func spend(_ budget: RequestBudget) throws(ContractError) {
        guard let seconds = budget.take() else { return }
        throw ContractError(
            .tooManyRequests, "TooManyRequests", "Too many requests. Try again in \(seconds) s.",
            retryAfterSeconds: seconds)
    }
}

extension IdentityBodies.Token {
    init(_ token: AccessToken) {
        self.init(token: token.token, expiresOn: ISO8601Timestamp.format(token.expiresOn))
    }
}

extension IdentityError {
    /// The refusal as the contract writes it.
    var contractError: ContractError {
        let code = "ValidationError"
        switch self {
        case .noScopes:
            return ContractError(
                .badRequest, code, "At least one scope is needed: \(TokenScope.allowedWords).", target: "scopes")
        case .unknownScope(let word):
            return ContractError(
                .badRequest, code, "'\(word.prefix(64))' is not a scope. Allowed: \(TokenScope.allowedWords).",
                target: "scopes")
        case .lifeOutOfRange(let minutes):
            let range = IdentityService.tokenLifeMinutes
            return ContractError(
                .badRequest, code,
                "expiresInMinutes is \(minutes); allowed: \(range.lowerBound) to \(range.upperBound).",
                target: "expiresInMinutes")
        case .displayNameLength(let count):
            return ContractError(
                .badRequest, code,
                "The display name has \(count) characters; allowed: 1 to \(IdentityService.displayNameLimit).",
                target: "displayName")
        case .displayNameBytes(let count):
            return ContractError(
                .badRequest, code,
                "The display name has \(count) bytes; allowed: \(IdentityService.displayNameBytes).",
                target: "displayName")
        case .malformedUserID(let id):
            return ContractError(
                .badRequest, "InvalidIdentity",
                "'\(id.prefix(128))' is not a user id of the form 8:acs:<resource>_<user>.", target: "id")
        case .userNotFound(let id):
            return ContractError(
                .notFound, "IdentityNotFound", "There is no user \(id.prefix(128)) on this server.", target: "id")
        }
    }
}
