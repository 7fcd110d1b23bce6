import Doctor
import Foundation
import HTTPServer
import ServerConfiguration
import Store

/// Reads the certificate that the server shows, or would show.
struct CertificateProbe {
    private let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    var facts: CertificateFacts {
        var wanted = [settings.publicHost.lowercased()]
        if settings.isTURNEnabled, !wanted.contains(settings.turnHost.lowercased()) {
            wanted.append(settings.turnHost.lowercased())
        }
        return CertificateFacts(wantedNames: wanted, state: state)
    }

    private var state: CertificateFacts.State {
        let own = settings.dataPath + "/" + TLSIdentity.certificateFile
        let isSelfMade = settings.tlsCertificatePath == nil
        let certificatePath = settings.tlsCertificatePath ?? own
        let keyPath = settings.tlsKeyPath ?? settings.dataPath + "/tls/key.pem"
        do {
            guard let certificate = try DataFolder.readFile(certificatePath) else {
                if isSelfMade { return .notMadeYet }
                throw DataFolderError.missing(path: certificatePath)
            }
            guard let key = try DataFolder.readFile(keyPath) else { throw DataFolderError.missing(path: keyPath) }
            let description = try CertificateDescription(
                certificatePEM: String(decoding: certificate, as: UTF8.self),
                keyPEM: String(decoding: key, as: UTF8.self))
            let now = Date()
            return .readable(
                CertificateFacts.Certificate(
                    names: description.names, daysUntilValid: description.notBefore.timeIntervalSince(now) / 86_400,
                    daysLeft: description.notAfter.timeIntervalSince(now) / 86_400, keyMatches: description.keyMatches),
                isSelfMade: isSelfMade)
        } catch {
            return .unreadable(path: certificatePath, reason: Self.withoutStop("\(error)"))
        }
    }

    private static func withoutStop(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}
