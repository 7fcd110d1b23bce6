/// The proxies in front of the server whose word is taken for who a client is.
public struct TrustedProxies: Sendable {
    private let blocks: [AddressBlock]

    /// Nobody is trusted.
    public static let none = TrustedProxies([])

    /// - Parameter ranges: Addresses and blocks of them such as `10.0.0.0/8`; what is neither is ignored.
    public init(_ ranges: [String]) {
        blocks = ranges.compactMap { AddressBlock($0) }
    }

    func contains(_ address: ClientAddress) -> Bool {
        blocks.contains { $0.contains(address) }
    }
}
