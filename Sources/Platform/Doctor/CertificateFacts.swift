/// What is known of the certificate that clients are shown.
public struct CertificateFacts: Sendable, Hashable {
    /// A certificate as far as it could be read.
    public struct Certificate: Sendable, Hashable {
        /// The DNS names and IP addresses of its subject alternative names, lower case.
        public var names: [String]
        /// Days until its validity begins; negative when it has begun.
        public var daysUntilValid: Double
        /// Days until it ends; negative when it has ended.
        public var daysLeft: Double
        /// Whether the private key is the certificate's.
        public var keyMatches: Bool

        public init(names: [String], daysUntilValid: Double, daysLeft: Double, keyMatches: Bool) {
            self.names = names
            self.daysUntilValid = daysUntilValid
            self.daysLeft = daysLeft
            self.keyMatches = keyMatches
        }
    }

    public enum State: Sendable, Hashable {
        /// The operator's or the server's own; `isSelfMade` tells which.
        case readable(Certificate, isSelfMade: Bool)
        /// It cannot be read, for this reason.
        case unreadable(path: String, reason: String)
        /// The server makes one at its first start.
        case notMadeYet
    }

    /// The names under which clients reach it: `public.host`, and `turn.host` for TURN over TLS; lower case.
    public var wantedNames: [String]
    public var state: State

    public init(wantedNames: [String], state: State) {
        self.wantedNames = wantedNames
        self.state = state
    }

    /// When fewer days are left, a renewal has failed: those who renew do so 30 days before the end.
    public static let fewDays = 14.0

    public var findings: [Finding] {
        switch state {
        case .notMadeYet:
            return [.ok(.certificate, "notMadeYet", "The server makes its own certificate at its first start.")]
        case .unreadable(let path, let reason):
            return [
                .problem(
                    .certificate, "unreadable", "The certificate \(path) cannot be used: \(reason).",
                    remedy: "Set tls.certificate and tls.key to a chain and its key in PEM that the server may read.")
            ]
        case .readable(let certificate, let isSelfMade):
            let found = timeFindings(certificate, isSelfMade) + nameFindings(certificate, isSelfMade)
            let selfMade = isSelfMade ? selfMadeFindings : []
            if found.isEmpty, selfMade.isEmpty {
                let days = Int(certificate.daysLeft)
                return [
                    .ok(
                        .certificate, "valid",
                        "The certificate is for \(wantedNames.joined(separator: ", ")) and is valid for \(days) more days."
                    )
                ]
            }
            return found + selfMade
        }
    }

    private func timeFindings(_ certificate: Certificate, _ isSelfMade: Bool) -> [Finding] {
        let renew =
            isSelfMade
            ? "Restart the server, which makes a new one; clients have to trust it anew."
            : "Renew it, and check what was to renew it: the service, its timer, and what it runs afterwards."
        var found: [Finding] = []
        if !certificate.keyMatches {
            found.append(
                .problem(
                    .certificate, "keyMismatch", "The private key is not that of the certificate.",
                    remedy: "Set tls.key to the key that the certificate was asked for with."))
        }
        if certificate.daysLeft <= 0 {
            found.append(
                .problem(
                    .certificate, "expired", "The certificate ended \(days(-certificate.daysLeft)) ago.", remedy: renew)
            )
        } else if certificate.daysUntilValid > 0 {
            found.append(
                .problem(
                    .certificate, "notYetValid",
                    "The certificate becomes valid only in \(days(certificate.daysUntilValid)).",
                    remedy: "Set the clock of this machine, or wait."))
        } else if certificate.daysLeft < Self.fewDays {
            found.append(
                .warning(
                    .certificate, "endsSoon", "The certificate ends in \(days(certificate.daysLeft)).", remedy: renew))
        }
        return found
    }

    private func days(_ number: Double) -> String {
        number < 1 ? "less than a day" : number < 2 ? "1 day" : "\(Int(number)) days"
    }

    private func nameFindings(_ certificate: Certificate, _ isSelfMade: Bool) -> [Finding] {
        wantedNames.filter { name in !certificate.names.contains { Self.covers($0, name) } }.map { name in
            .problem(
                .certificate, "wrongName",
                "Clients reach the server as \(name), but the certificate is for "
                    + "\(certificate.names.isEmpty ? "no name at all" : certificate.names.joined(separator: ", ")).",
                remedy: isSelfMade
                    ? "Restart the server with the setting public.host or tls.names, and it makes another one."
                    : "Get a certificate for \(name), or set public.host to a name that it has.")
        }
    }

    private var selfMadeFindings: [Finding] {
        let local: Set<String> = ["localhost", "127.0.0.1", "::1"]
        guard wantedNames.contains(where: { !local.contains($0) }) else {
            return []
        }
        return [
            .warning(
                .certificate, "selfMade",
                "The server made its certificate itself, so browsers refuse it until somebody tells them to trust it.",
                remedy: "Set tls.certificate and tls.key to one from a certificate authority.")
        ]
    }

    /// Whether a name of a certificate stands for a host name (RFC 9525 §6.3): the same, or a wildcard for its first
    /// label.
    static func covers(_ pattern: String, _ name: String) -> Bool {
        if pattern == name { return true }
        guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: "."), dot != name.startIndex else { return false }
        return name[dot...] == pattern.dropFirst()
    }
}
