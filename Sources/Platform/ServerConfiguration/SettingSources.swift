import Configuration
import Yams

/// Values as they were given, by setting key, from one place.
struct GivenValues {
    /// What this place is called in messages, for a setting.
    var name: @Sendable (Setting) -> String
    var values: [String: String]
}

/// Reads the three places in which settings are given.
enum SettingSources {
    /// `--https-port 9443`, `--https-port=9443`; `--development` alone is true.
    static func commandLine(_ arguments: [String]) throws(SettingError) -> GivenValues {
        let byFlag = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.flagName, $0) })
        var values: [String: String] = [:]
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("--") else { throw .strayArgument(argument) }
            let equals = argument.firstIndex(of: "=")
            let flag = String(argument[..<(equals ?? argument.endIndex)])
            let inlineValue = equals.map { String(argument[argument.index(after: $0)...]) }
            guard let setting = byFlag[flag] else {
                let next = index < arguments.count ? arguments[index] : ""
                throw .unknown(
                    name: flag, value: inlineValue ?? next, source: "command line",
                    meant: closest(to: flag, in: Setting.all.map(\.flagName)))
            }
            if let inlineValue {
                values[setting.key] = inlineValue
            } else if setting.kind == .flag {
                values[setting.key] = "true"
            } else if index < arguments.count {
                values[setting.key] = arguments[index]
                index += 1
            } else {
                throw .valueMissing(flag: flag, allowed: setting.allowed)
            }
        }
        return GivenValues(name: { "flag \($0.flagName)" }, values: values)
    }

    /// Every variable that begins with `SWITCHBOARD_`; `ignored` are those that are not settings.
    static func environment(
        _ variables: [String: String], ignoring ignored: Set<String>
    ) throws(SettingError) -> GivenValues {
        let byName = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.environmentName, $0) })
        var values: [String: String] = [:]
        for (name, value) in variables.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(Setting.environmentPrefix) && !ignored.contains(name) {
            guard let setting = byName[name] else {
                throw .unknown(
                    name: name, value: value, source: "environment",
                    meant: closest(to: name, in: Setting.all.map(\.environmentName)))
            }
            values[setting.key] = value
        }
        return GivenValues(name: { "environment variable \($0.environmentName)" }, values: values)
    }

    /// A YAML file: mappings nested by the parts of the keys, or keys with dots.
    static func file(_ text: String, path: String) throws(SettingError) -> GivenValues {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw .unreadableFile(path: path, reason: "it is not YAML (\(error))")
        }
        var values: [String: String] = [:]
        if let root, root.null == nil {
            guard let mapping = root.mapping else {
                throw .unreadableFile(path: path, reason: "its top level is not a mapping of names to values")
            }
            try collect(mapping, prefix: "", path: path, into: &values)
        }
        return GivenValues(name: { _ in "file \(path)" }, values: values)
    }

    private static func collect(
        _ mapping: Node.Mapping, prefix: String, path: String, into values: inout [String: String]
    ) throws(SettingError) {
        for (keyNode, node) in mapping {
            let key = prefix + (keyNode.string ?? "")
            if let nested = node.mapping {
                try collect(nested, prefix: key + ".", path: path, into: &values)
                continue
            }
            var value = node.scalar?.string ?? ""
            if let sequence = node.sequence {
                value = sequence.map { $0.scalar?.string ?? "" }.joined(separator: ",")
            }
            guard Setting.all.contains(where: { $0.key == key }) else {
                throw .unknown(
                    name: key, value: value, source: "file \(path)", meant: closest(to: key, in: Setting.all.map(\.key))
                )
            }
            values[key] = value
        }
    }

    /// The layers as one reader: what stands first wins.
    static func reader(over layers: [GivenValues]) -> ConfigReader {
        ConfigReader(
            providers: layers.map { layer in
                InMemoryProvider(
                    values: Dictionary(
                        uniqueKeysWithValues: layer.values.map { key, value in
                            (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(value), isSecret: false))
                        }))
            })
    }

    /// The name with the fewest single-character changes to `name`, when that is few enough to be a slip.
    static func closest(to name: String, in names: [String]) -> String? {
        let ranked = names.map { (name: $0, distance: editDistance(name, $0)) }.min { $0.distance < $1.distance }
        guard let ranked, ranked.distance <= 3 else { return nil }
        return ranked.name
    }

    private static func editDistance(_ left: String, _ right: String) -> Int {
        let left = Array(left.lowercased().unicodeScalars.prefix(64))
        let right = Array(right.lowercased().unicodeScalars.prefix(64))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
