/// What is wrong with the configuration. Any of these stops the start.
public enum SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A value that its setting does not allow. `source` is the flag, the environment variable or the file.
    case notAllowed(key: String, value: String, source: String, allowed: String)
    /// A name that is not a setting, with the setting that is probably meant.
    case unknown(name: String, value: String, source: String, meant: String?)
    /// A flag at the end of the command line that needs a value.
    case valueMissing(flag: String, allowed: String)
    /// An argument that is not a flag.
    case strayArgument(String)
    /// The configuration file cannot be read or is not YAML of the right form.
    case unreadableFile(path: String, reason: String)
    /// Two settings that only make sense together.
    case incomplete(key: String, needs: String)

    public var description: String {
        switch self {
        case .notAllowed(let key, let value, let source, let allowed):
            return "The setting \(key) cannot be '\(value)' (\(source)). Allowed: \(allowed)."
        case .unknown(let name, let value, let source, let meant):
            let hint =
                meant.map { "Did you mean \($0)?" } ?? "Allowed: the settings that `switchboard serve --help` lists."
            return "There is no setting \(name), given as '\(value)' (\(source)). \(hint)"
        case .valueMissing(let flag, let allowed):
            return "The flag \(flag) needs a value. Allowed: \(allowed)."
        case .strayArgument(let argument):
            return "The argument '\(argument)' is not a flag. Allowed: --NAME VALUE, with the names that "
                + "`switchboard serve --help` lists."
        case .unreadableFile(let path, let reason):
            return "The configuration file \(path) cannot be used: \(reason)."
        case .incomplete(let key, let needs):
            return "The setting \(key) is given without \(needs). Give both or neither."
        }
    }
}
