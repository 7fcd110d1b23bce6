public import NetworkEmulation

/// One condition of a link, with the name and the value that people write: `rate=800k`, `loss=2%`.
public enum LinkSetting: Hashable, Sendable {
    /// In bits per second; nil: any rate, zero: nothing passes.
    case rate(Int?)
    case delay(Duration)
    case jitter(Duration)
    case loss(LinkConditions.Loss)
    case reordering(LinkConditions.Reordering?)
    case queue(LinkConditions.QueueLimit)

    /// The names of all settings.
    public enum Name: String, Hashable, Sendable, CaseIterable {
        case rate
        case delay
        case jitter
        case loss
        case burstLoss = "burst-loss"
        case reorder
        case queue
    }

    /// By how much a reordered packet is late where no time is given.
    public static let usualLateness: Duration = .milliseconds(20)

    /// Reads one setting. Throws when the value is none or out of range.
    public init(_ name: Name, value: String) throws(RelayTextError) {
        let fault = RelayTextError("\(name.rawValue)=\(value): \(name.allowed)")
        switch name {
        case .rate:
            guard let rate = LinkSetting.rate(value) else { throw fault }
            self = rate
        case .delay, .jitter:
            guard let span = LinkSetting.duration(value) else { throw fault }
            self = name == .delay ? .delay(span) : .jitter(span)
        case .loss:
            guard let probability = LinkSetting.probability(value) else { throw fault }
            self = .loss(probability == 0 ? .none : .random(probability))
        case .burstLoss:
            let parts = value.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == 2, let begins = LinkSetting.probability(parts[0]),
                let ends = LinkSetting.probability(parts[1])
            else { throw fault }
            self = .loss(.bursts(LinkConditions.GilbertElliott(goodToBad: begins, badToGood: ends)))
        case .reorder:
            guard let reordering = LinkSetting.reordering(value) else { throw fault }
            self = reordering
        case .queue:
            guard let limit = LinkSetting.queueLimit(value) else { throw fault }
            self = .queue(limit)
        }
    }

    /// Reads `name=value`.
    public init(parsing word: some StringProtocol) throws(RelayTextError) {
        guard let sign = word.firstIndex(of: "="), let name = Name(rawValue: String(word[..<sign])) else {
            let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw RelayTextError("\(word): expected NAME=VALUE, where NAME is one of \(names)")
        }
        try self.init(name, value: String(word[word.index(after: sign)...]))
    }

    /// Sets it, and leaves every other condition as it is.
    public func apply(to conditions: inout LinkConditions) {
        switch self {
        case .rate(let rate): conditions.rate = rate
        case .delay(let delay): conditions.delay = delay
        case .jitter(let jitter): conditions.jitter = jitter
        case .loss(let loss): conditions.loss = loss
        case .reordering(let reordering): conditions.reordering = reordering
        case .queue(let limit): conditions.queueLimit = limit
        }
    }
}

extension LinkSetting.Name {
    /// What may be written as the value.
    public var allowed: String {
        switch self {
        case .rate: "bits per second as 64000, 800k, 5M or 1G (at most 100G), 0 for nothing, none for no limit"
        case .delay, .jitter: "a time as 500us, 50ms or 2s, at most 60s"
        case .loss: "a probability as 2% or 0.02"
        case .burstLoss: "two probabilities as 1%,25%: that a burst begins, and that it ends, with each packet"
        case .reorder: "a probability as 1%, or with how late such a packet comes as 1%,30ms"
        case .queue: "a time as 200ms (at most 60s), a size as 64000B or 64kB (at most 1GB), or none for no limit"
        }
    }
}

/// How values are written.
extension LinkSetting {
    private static let greatestRate = 100e9
    private static let greatestQueue = 1e9
    private static let none = "none"

    /// Reads a time: a number and its unit.
    static func duration(_ text: some StringProtocol) -> Duration? {
        guard let (number, unit) = quantity(text) else { return nil }
        let nanosecondsPerUnit: [String: Double] = ["us": 1e3, "ms": 1e6, "s": 1e9]
        guard let scale = nanosecondsPerUnit[unit], number * scale <= 60e9 else { return nil }
        return .nanoseconds(Int64(number * scale))
    }

    private static func rate(_ text: String) -> LinkSetting? {
        if text == none { return .rate(nil) }
        guard let (number, unit) = quantity(text) else { return nil }
        let bitsPerUnit: [String: Double] = ["": 1, "k": 1e3, "M": 1e6, "G": 1e9]
        guard let scale = bitsPerUnit[unit], number * scale <= greatestRate else { return nil }
        return .rate(Int(number * scale))
    }

    private static func probability(_ text: some StringProtocol) -> Double? {
        guard let (number, unit) = quantity(text), unit == "" || unit == "%" else { return nil }
        let probability = unit == "%" ? number / 100 : number
        return probability <= 1 ? probability : nil
    }

    private static func reordering(_ text: String) -> LinkSetting? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let probability = probability(first) else { return nil }
        guard let lateness = parts.count == 2 ? duration(parts[1]) : usualLateness else { return nil }
        return .reordering(probability == 0 ? nil : .init(probability: probability, delay: lateness))
    }

    private static func queueLimit(_ text: String) -> LinkConditions.QueueLimit? {
        if text == none { return .unlimited }
        if let span = duration(text) { return .time(span) }
        guard let (number, unit) = quantity(text) else { return nil }
        let bytesPerUnit: [String: Double] = ["B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9]
        guard let scale = bytesPerUnit[unit], number * scale <= greatestQueue else { return nil }
        return .bytes(Int(number * scale))
    }

    /// A number that is not negative, with or without a fraction, and what follows it.
    private static func quantity(_ text: some StringProtocol) -> (number: Double, unit: String)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(String(digits)), number.isFinite else { return nil }
        return (number, String(text[digits.endIndex...]))
    }
}
