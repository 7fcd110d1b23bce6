import MediaIO
import MediaVocabulary
import ProtocolCore
import Testing

@Suite("Sockets on behalf of clients")
struct RelayedPortsTests {
    @Test("An address is what was said of it, until its socket is closed; the same port elsewhere is not")
    func lookUp() {
        let ports = RelayedPorts()
        let near = SocketEndpoint.loopback(port: 5000)
        let far = SocketEndpoint(ipv4: 0xc000_0201, port: 5000)
        #expect(ports.transport(of: near) == .udp)
        ports.note(.tcp, at: near)
        #expect(ports.transport(of: near) == .tcp)
        #expect(ports.transport(of: far) == .udp)
        ports.note(.relay, at: near)
        #expect(ports.transport(of: near) == .relay)
        ports.forget(near)
        #expect(ports.transport(of: near) == .udp)
    }
}
