extension LoadReport: CustomStringConvertible {
    /// A table for a person, a line for each group of figures.
    public var description: String {
        var lines = [scenarioLine, joinsLine, sentLine, receivedLine, lossLine]
        if !scenario.video.isEmpty {
            lines.append(latencyLine("latency, first packet", latencyMilliseconds.videoFirstPacket))
            lines.append(latencyLine("latency, whole picture", latencyMilliseconds.videoFrame))
        }
        if scenario.audio { lines.append(latencyLine("latency, sound", latencyMilliseconds.audio)) }
        if let server { lines += serverLines(server) }
        lines.append(
            line(
                "generator",
                "\(fixed(generator.cpuSeconds, 2)) s CPU, pictures late by p99 "
                    + milliseconds(generator.latenessMilliseconds.p99)))
        return lines.joined(separator: "\n")
    }

    private var scenarioLine: String {
        let video =
            scenario.video.isEmpty
            ? "no video"
            : "\(scenario.video.joined(separator: "+")) at \(fixed(Double(scenario.videoBitrate) / 1e6, 2)) Mbit/s, "
                + "\(scenario.framesPerSecond) fps, \(scenario.visible) visible"
        let audio = scenario.audio ? "\(scenario.speakers) speaking" : "no audio"
        return line(
            "scenario",
            "\(scenario.publishers) publishers → \(scenario.subscribers) subscribers, \(video), \(audio), "
                + "\(fixed(scenario.seconds, 1)) s")
    }

    private var joinsLine: String {
        let failures = joins.failed == 0 ? "" : ", \(joins.failed) FAILED: \(joins.firstFailure ?? "")"
        let pictures =
            scenario.video.isEmpty
            ? ""
            : joins.allPicturesAfterSeconds.map { ", all pictures after \(fixed($0, 1)) s" }
                ?? ", NOT all pictures came"
        return line(
            "joins",
            "\(joins.connected) at \(fixed(joins.perSecond, 1)) per second, set up in "
                + quantiles(joins.setUpMilliseconds) + failures + pictures)
    }

    private var sentLine: String {
        let dropped = sent.droppedFrames == 0 ? "" : ", \(sent.droppedFrames) pictures DROPPED by publishers"
        return line(
            "sent",
            "\(sent.packets) packets, \(sent.videoFrames) pictures, \(sent.audioPackets) of sound" + dropped)
    }

    private var receivedLine: String {
        line(
            "forwarded",
            "\(received.forwardedPackets) packets (\(fixed(received.forwardedPacketsPerSecond, 0)) per second), "
                + "\(received.videoFrames) pictures of \(received.expectedVideoFrames) expected")
    }

    private var lossLine: String {
        line(
            "loss",
            "\(received.lostPackets) packets (\(fixed(received.loss * 100, 3)) %), \(received.recoveredPackets) recovered, "
                + "\(received.missingFrames) pictures missing, \(received.corruptedFrames) corrupted, "
                + "\(received.refusedPackets) packets refused, \(received.endedSessions) sessions ended early")
    }

    private func serverLines(_ server: Server) -> [String] {
        let megabyte = 1_048_576.0
        return [
            line(
                "server CPU",
                "\(fixed(server.cpuShare * 100, 1)) % of a core, "
                    + "\(optional(server.cpuNanosecondsPerForwardedPacket, 0)) ns per forwarded packet, "
                    + "\(optional(server.cpuMillisecondsPerJoin, 2)) ms per join"),
            line(
                "server memory",
                "\(fixed(Double(server.residentBytesBefore) / megabyte, 1)) MB before, "
                    + "\(fixed(Double(server.residentBytesJoined) / megabyte, 1)) MB joined, "
                    + "\(fixed(Double(server.residentBytesAtEnd) / megabyte, 1)) MB at the end, "
                    + "\(optional(server.bytesPerParticipant.map { $0 / 1024 }, 0)) kB per participant"),
        ]
    }

    private func latencyLine(_ name: String, _ values: Quantiles) -> String {
        line(name, quantiles(values))
    }

    private func quantiles(_ values: Quantiles) -> String {
        "p50 \(milliseconds(values.p50)), p95 \(milliseconds(values.p95)), p99 \(milliseconds(values.p99)), "
            + "max \(milliseconds(values.max))"
    }

    private func milliseconds(_ value: Double?) -> String {
        value.map { "\(fixed($0, 2)) ms" } ?? "-"
    }

    private func optional(_ value: Double?, _ digits: Int) -> String {
        value.map { fixed($0, digits) } ?? "-"
    }

    private func line(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(1, 24 - name.count)) + value
    }

    /// A number with so many digits behind the point.
    private func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let rest = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - rest.count) + rest
    }
}
