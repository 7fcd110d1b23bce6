import Foundation
public import Logging
import Synchronization

/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One line for people: time, level, message, details.
    case text
    /// One JSON object per line, for programs.
    case json
}

/// Writes every log message as one line.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    /// The level of this logger alone, or else that of the whole program.
    public var logLevel: Logger.Level {
        get { ownLevel ?? programLevel() }
        set { ownLevel = newValue }
    }
    private var ownLevel: Logger.Level?
    private let programLevel: @Sendable () -> Logger.Level
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - label: The part of the program that speaks.
    ///   - write: Takes a line with its line feed.
    public init(
        label: String, level: Logger.Level, format: LogFormat, write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.format = format
        self.write = write
        programLevel = { level }
    }

    /// Writes where `output` says, what `output` says; both also after they have changed.
    public init(label: String, format: LogFormat, output: LogOutput) {
        self.label = label
        self.format = format
        write = { output.write($0) }
        programLevel = { output.level }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var details = metadata
        details.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        details.merge(event.metadata ?? [:]) { _, new in new }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        switch format {
        case .text:
            let suffix = details.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            write("\(time) \(event.level.rawValue) \(label): \(Self.oneLine("\(event.message)\(suffix)"))\n")
        case .json:
            var object = ["time": time, "level": event.level.rawValue, "logger": label, "message": "\(event.message)"]
            for (key, value) in details where object[key] == nil { object[key] = "\(value)" }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let line = try? encoder.encode(object) else { return }
            write(String(decoding: line, as: UTF8.self) + "\n")
        }
    }

    /// Line feeds in a message come from outside more often than not, and must not look like another log line.
    private static func oneLine(_ text: String) -> String {
        text.contains(where: \.isNewline)
            ? String(text.map { $0.isNewline ? " " : $0 })
            : text
    }
}
