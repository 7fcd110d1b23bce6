/// One thing that can be configured: its name, what it may be, what it is when nobody says, and what it is for.
public struct Setting: Sendable {
    /// What a value must look like.
    public enum Kind: Sendable, Equatable {
        /// `true` or `false`.
        case flag
        /// A whole number in a range.
        case integer(ClosedRange<Int>)
        /// One of a few words.
        case choice([String])
        /// A file or folder; empty where there is none.
        case path
        /// A host name or an IP address.
        case host
        /// An IP address.
        case address
        /// IP addresses; may be empty.
        case addressList
        /// Blocks of addresses in CIDR notation, or single addresses; may be empty.
        case addressRangeList
        /// Words; may be empty.
        case list
    }

    /// The name in the configuration file, parts joined by dots, for example `https.port`.
    public let key: String
    /// What a value must look like.
    public let kind: Kind
    /// The value when none is given, in the form in which it would be given.
    public let defaultValue: String
    /// What it is for, in one sentence.
    public let summary: String

    init(_ key: String, _ kind: Kind, _ defaultValue: String, _ summary: String) {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// The name on the command line, for example `--https-port`.
    public var flagName: String { "--" + words.joined(separator: "-") }

    /// The name in the environment, for example `SWITCHBOARD_HTTPS_PORT`.
    public var environmentName: String {
        Self.environmentPrefix + words.joined(separator: "_").uppercased()
    }

    /// What every environment variable of the program begins with.
    public static let environmentPrefix = "SWITCHBOARD_"

    /// The words of the key in lower case: `media.advertisedAddresses` is media, advertised, addresses.
    private var words: [String] {
        var words: [String] = []
        for part in key.split(separator: ".") {
            var word = ""
            for character in part {
                if character.isUppercase {
                    words.append(word)
                    word = character.lowercased()
                } else {
                    word.append(character)
                }
            }
            words.append(word)
        }
        return words
    }

    /// What is allowed, for messages and for the documentation.
    public var allowed: String {
        switch kind {
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .path: "the path of a file or folder"
        case .host: "a host name or an IP address, without a port"
        case .address: "an IP address"
        case .addressList: "IP addresses, separated by commas"
        case .addressRangeList: "IP addresses or blocks of them such as 10.0.0.0/8, separated by commas"
        case .list: "words, separated by commas"
        }
    }
}
