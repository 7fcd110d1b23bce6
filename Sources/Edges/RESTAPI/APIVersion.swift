import Foundation
import HTTPTypes

/// The versions of an API that requests may name in their `api-version` parameter.
struct APIVersions: Sendable {
    /// The accepted dates, oldest first.
    let dates: [String]

    /// Identities and access tokens.
    static let identity = APIVersions(dates: ["2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01", "2025-06-30"])

    /// The value of the `api-supported-versions` header.
    var header: String { dates.joined(separator: ", ") }

    /// Returns when the query names an accepted version.
    ///
    /// Some client libraries write the name of their enumeration, `ApiVersion.V2023_10_01`, in place of the date.
    func check(query: String?) throws(ContractError) {
        guard let value = Self.parameter("api-version", in: query), !value.isEmpty else {
            throw ContractError(
                .badRequest, "MissingApiVersionParameter",
                "The query parameter api-version is required. Accepted: \(header).", target: "api-version")
        }
        guard dates.contains(Self.date(of: value)) else {
            throw ContractError(
                .badRequest, "UnsupportedApiVersionValue",
                "The api-version '\(value.prefix(64))' is not supported. Accepted: \(header).", target: "api-version")
        }
    }

    private static func date(of value: String) -> String {
        let prefix = "ApiVersion.V"
        guard value.hasPrefix(prefix) else { return value }
        return String(value.dropFirst(prefix.count)).replacing("_", with: "-")
    }

    /// The first value of a parameter, percent-decoded.
    static func parameter(_ name: String, in query: String?) -> String? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0].lowercased() == name {
                return parts.count == 2 ? String(parts[1]).removingPercentEncoding ?? String(parts[1]) : ""
            }
        }
        return nil
    }
}
