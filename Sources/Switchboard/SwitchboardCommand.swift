import ArgumentParser

/// The command line: `switchboard serve`, `switchboard user create`, `switchboard version`.
@main
struct SwitchboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchboard",
        abstract: "A self-hosted communication platform: voice and video calls between apps and browsers.",
        subcommands: [
            ServeCommand.self, UserCommand.self, CallCommand.self, LoadtestCommand.self, NetemCommand.self,
            LimitsCommand.self, DoctorCommand.self, VersionCommand.self,
        ])

    /// The version of the program.
    static let version = "0.1.0"
}

/// `switchboard version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version of the program.")

    func run() {
        print("switchboard \(SwitchboardCommand.version)")
    }
}
