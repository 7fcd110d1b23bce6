import Foundation
import HTTPTypes

/// The JSON bodies of identity requests and answers.
enum IdentityBodies {
    /// A number of minutes. Clients in some languages write whole numbers with a fraction of zero.
    struct Minutes: Decodable {
        var value: Int

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let minutes = Int(exactly: try container.decode(Double.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a whole number")
            }
            value = minutes
        }
    }

    struct Create: Decodable {
        var createTokenWithScopes: [String]?
        var expiresInMinutes: Minutes?
    }

    struct Issue: Decodable {
        var scopes: [String]
        var expiresInMinutes: Minutes?
    }

    /// Our own addition: a user with a name and a token in one request.
    struct CreateNamed: Decodable {
        var displayName: String?
        var scopes: [String]?
        var expiresInMinutes: Minutes?
    }

    struct Identity: Encodable {
        var id: String
    }

    struct Token: Encodable {
        var token: String
        var expiresOn: String
    }

    struct Created: Encodable {
        var identity: Identity
        var accessToken: Token?
    }

    struct NamedUser: Encodable {
        var userId: String
        var token: String
        var expiresOn: String
        var displayName: String?
    }

    /// Reads a body, and says which member is wrong where it is.
    static func decode<Body: Decodable>(_ type: Body.Type, from bytes: [UInt8]) throws(ContractError) -> Body {
        guard !bytes.isEmpty else {
            throw ContractError(.badRequest, "InvalidRequestBody", "The request needs a JSON body.")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw refusal(for: error)
        } catch {
            throw ContractError(.badRequest, "InvalidRequestBody", "The body is not JSON.")
        }
    }

    private static func refusal(for error: DecodingError) -> ContractError {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String? {
            let keys = context.codingPath + [last].compactMap(\.self)
            guard !keys.isEmpty else { return nil }
            return keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
                .replacing(".[", with: "[")
        }
        func wrongForm(_ context: DecodingError.Context) -> ContractError {
            guard let target = path(context) else {
                return ContractError(.badRequest, "InvalidRequestBody", "The body is not a JSON object.")
            }
            return ContractError(
                .badRequest, "InvalidRequestBody", "The member \(target) has the wrong form.", target: target)
        }
        switch error {
        case .keyNotFound(let key, let context):
            let target = path(context, key)
            return ContractError(
                .badRequest, "InvalidRequestBody", "The member \(target ?? "") is missing.", target: target)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return wrongForm(context)
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? ContractError(.badRequest, "InvalidRequestBody", "The body is not valid JSON.")
                : wrongForm(context)
        @unknown default:
            return ContractError(.badRequest, "InvalidRequestBody", "The body is not valid.")
        }
    }
}
