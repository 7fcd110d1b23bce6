import Doctor
import Foundation
import MediaIO
import ProtocolCore
import ServerConfiguration

/// Gathers what the doctor judges: one probe after another, since each is quick but for the calls.
struct Examiner {
    let settings: Settings
    let stun: HostAndPort?
    let timeServer: URL?
    /// Whether the server is on another machine.
    let isOutside: Bool

    init(_ settings: Settings, stun: HostAndPort?, timeServer: URL?, isOutside: Bool) {
        self.settings = settings
        self.stun = stun
        self.timeServer = timeServer
        self.isOutside = isOutside
    }

    func examine() async -> Examination {
        let clock = ClockProbe()
        let server = isOutside ? nil : RunningServer.find(on: settings.dataPath)
        var findings: [Finding] = []
        if !isOutside { findings += await ofMachine(server) }
        let service = DoctorService(settings, isRunning: isOutside || server != nil)
        let readiness = await service.readiness()
        findings +=
            ServiceFacts(
                publicHost: settings.publicHost, origin: service.origin, answer: readiness,
                isDevelopment: settings.isDevelopment, isLocal: await AddressProbe(settings, stun: nil).isLocal()
            ).findings
        findings += await PathProbe(settings, service: service).facts(readiness: readiness)?.findings ?? []
        findings += await clock.facts(timeServer: timeServer, service: service).findings
        await service.shutDown()
        return Examination(serverRuns: isOutside || server != nil, findings: findings)
    }

    /// What can be seen on the server's own machine alone.
    private func ofMachine(_ server: RunningServer?) async -> [Finding] {
        let addresses = AddressProbe(settings, stun: stun)
        var findings = PortProbe(settings, server: server).facts.findings
        findings += await addresses.facts(serverRuns: server != nil).findings
        findings += await addresses.familyFacts().findings
        findings += CertificateProbe(settings).facts.findings
        findings += DescriptorProbe.facts(server: server).findings
        findings += BufferProbe.facts(settings, server: server).findings
        findings += DiskProbe.facts(of: settings.dataPath).findings
        return findings
    }
}
