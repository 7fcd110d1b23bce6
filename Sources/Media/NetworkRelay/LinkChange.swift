public import NetworkEmulation

/// A change of conditions while a relay runs, as one line of text: `down rate=800k loss=1%`.
///
/// The line begins with `up`, `down` or `both`; without a direction it means both.
public struct LinkChange: Hashable, Sendable {
    public var directions: [RelayDirection]
    public var settings: [LinkSetting]

    public init(_ directions: [RelayDirection], _ settings: [LinkSetting]) {
        self.directions = directions
        self.settings = settings
    }

    /// Reads a line. Throws when a word is not understood or there is no setting in it.
    public init(parsing line: some StringProtocol) throws(RelayTextError) {
        try self.init(words: words(of: String(line))[...], line: String(line))
    }

    fileprivate init(words: ArraySlice<String>, line: String) throws(RelayTextError) {
        var words = words
        directions = RelayDirection.allCases
        if let first = words.first {
            if let direction = RelayDirection(rawValue: first) { directions = [direction] }
            if first == "both" || RelayDirection(rawValue: first) != nil { words.removeFirst() }
        }
        guard !words.isEmpty else {
            throw RelayTextError("'\(line)' changes nothing: expected up, down or both, then NAME=VALUE")
        }
        settings = []
        for word in words { settings.append(try LinkSetting(parsing: word)) }
    }

    /// The conditions after the change.
    public func applied(to conditions: LinkConditions) -> LinkConditions {
        settings.reduce(into: conditions) { $1.apply(to: &$0) }
    }
}

/// A change that happens some time after the relay has started: `10s down rate=800k`.
public struct TimedLinkChange: Hashable, Sendable {
    public var after: Duration
    public var change: LinkChange

    public init(after: Duration, _ change: LinkChange) {
        self.after = after
        self.change = change
    }

    /// The latest time in a script: a week.
    static let latest: Duration = .seconds(7 * 24 * 3600)

    /// Reads a line. Throws when it does not begin with a time or the rest is no change.
    public init(parsing line: some StringProtocol) throws(RelayTextError) {
        let words = words(of: String(line))
        guard let first = words.first, let after = TimedLinkChange.time(first) else {
            throw RelayTextError(
                "'\(line)': expected a time as 500ms, 10s or 2m, then up, down or both, then NAME=VALUE")
        }
        self.init(after: after, try LinkChange(words: words.dropFirst(), line: String(line)))
    }

    /// Reads a script: one change on each line, in the order of time whatever the order of lines. Empty lines and what
    /// follows a `#` are passed over. Throws naming the line.
    public static func script(_ text: some StringProtocol) throws(RelayTextError) -> [TimedLinkChange] {
        var changes: [TimedLinkChange] = []
        let lines = String(text).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let content = line.prefix { $0 != "#" }
            guard content.contains(where: { !$0.isWhitespace }) else { continue }
            do throws(RelayTextError) {
                changes.append(try TimedLinkChange(parsing: content))
            } catch {
                throw RelayTextError("line \(index + 1): \(error)")
            }
        }
        return changes.enumerated().sorted { ($0.element.after, $0.offset) < ($1.element.after, $1.offset) }
            .map(\.element)
    }

    private static func time(_ word: String) -> Duration? {
        if let span = LinkSetting.duration(word) { return span }
        let secondsPerUnit: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        guard let unit = word.last, let scale = secondsPerUnit[unit], let number = Double(word.dropLast()) else {
            return nil
        }
        let seconds = number * scale
        guard seconds >= 0, seconds <= latest / .seconds(1) else { return nil }
        return .nanoseconds(Int64(seconds * 1e9))
    }
}

private func words(of line: String) -> [String] {
    line.split(whereSeparator: \.isWhitespace).map(String.init)
}
