/// What is known of the ports that the server uses.
public struct PortFacts: Sendable, Hashable {
    public enum Transport: String, Sendable, Hashable {
        case udp = "UDP"
        case tcp = "TCP"
    }

    /// A process that holds a port.
    public struct Holder: Sendable, Hashable {
        public var processID: Int
        public var name: String

        public init(processID: Int, name: String) {
            self.processID = processID
            self.name = name
        }
    }

    public enum State: Sendable, Hashable {
        /// Nobody holds it, and it could be opened.
        case free
        /// The running server holds it.
        case held
        /// Somebody else holds it; nil where that cannot be seen.
        case taken(Holder?)
        /// It cannot be opened, for the kernel's reason.
        case refused(reason: String)
        /// A server runs, but does not hold it.
        case missing
    }

    public struct Port: Sendable, Hashable {
        /// What it is for, for example `HTTPS` or `media`.
        public var purpose: String
        public var transport: Transport
        public var number: Int
        /// The setting that chooses it.
        public var setting: String
        public var state: State

        public init(purpose: String, transport: Transport, number: Int, setting: String, state: State) {
            self.purpose = purpose
            self.transport = transport
            self.number = number
            self.setting = setting
            self.state = state
        }
    }

    public var ports: [Port]
    /// The ports that the kernel gives to outgoing connections (`net.ipv4.ip_local_port_range`); nil where unknown.
    public var ephemeral: ClosedRange<Int>?
    /// Ports of that range that the kernel leaves alone (`net.ipv4.ip_local_reserved_ports`).
    public var reserved: [ClosedRange<Int>]

    public init(ports: [Port], ephemeral: ClosedRange<Int>?, reserved: [ClosedRange<Int>] = []) {
        self.ports = ports
        self.ephemeral = ephemeral
        self.reserved = reserved
    }

    public var findings: [Finding] {
        let found = ports.compactMap(finding) + ephemeralFindings
        if found.isEmpty {
            return [
                .ok(.ports, "portsOpen", "All \(ports.count) ports are \(isRunning ? "held by the server" : "free").")
            ]
        }
        return found
    }

    private var isRunning: Bool { ports.contains { $0.state == .held } }

    private func finding(_ port: Port) -> Finding? {
        let name = "The \(port.purpose) port \(port.transport.rawValue) \(port.number)"
        let choose = "choose another with the setting \(port.setting)"
        switch port.state {
        case .free, .held: return nil
        case .taken(let holder):
            let who = holder.map { "\($0.name) (process \($0.processID))" } ?? "another process"
            return .problem(
                .ports, "portTaken", "\(name) is held by \(who).", remedy: "Stop that program, or \(choose).")
        case .refused(let reason):
            let remedy =
                port.number < 1024
                ? "Ports below 1024 need the capability CAP_NET_BIND_SERVICE; give it to the service, or \(choose)."
                : "Check the address it is bound to, or \(choose)."
            return .problem(.ports, "portRefused", "\(name) cannot be opened: \(reason).", remedy: remedy)
        case .missing:
            return .problem(
                .ports, "portMissing",
                "A server runs, but does not hold the \(port.purpose) port "
                    + "\(port.transport.rawValue) \(port.number).",
                remedy: "Give the doctor the settings that the server was started with, or restart the server.")
        }
    }

    /// One finding for each setting, since media ports come by the dozen.
    private var ephemeralFindings: [Finding] {
        guard let ephemeral else { return [] }
        var told: Set<String> = []
        return ports.compactMap { port in
            guard ephemeral.contains(port.number), !reserved.contains(where: { $0.contains(port.number) }),
                told.insert(port.setting).inserted
            else { return nil }
            return .warning(
                .ports, "portEphemeral",
                "The \(port.purpose) port \(port.transport.rawValue) \(port.number) lies in the range "
                    + "\(ephemeral.lowerBound) to \(ephemeral.upperBound), from which the kernel gives ports to any program.",
                remedy: "Choose a port below \(ephemeral.lowerBound) with the setting \(port.setting), or reserve it: "
                    + "sysctl -w net.ipv4.ip_local_reserved_ports=\(port.number).")
        }
    }
}
