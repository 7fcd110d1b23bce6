import PayloadFormats
import ProtocolCore
import Testing

@testable import LoadGenerator

@Suite struct LoadReportTests {
    let plan = LoadPlan(publishers: 4, subscribers: 10, video: .usual(.hd), visible: 3, duration: .seconds(10))

    func measurement() -> LoadMeasurement {
        var measurement = LoadMeasurement(plan: plan, elapsed: .seconds(10))
        measurement.connected = 14
        measurement.joinTime = .milliseconds(700)
        measurement.watchers = 10
        measurement.pictures = 1200
        measurement.tally.videoPackets = 60_000
        measurement.tally.audioPackets = 15_000
        measurement.tally.lostPackets = 25_000
        measurement.tally.videoFrames = 8999
        measurement.server = LoadMeasurement.ServerSamples(
            before: ProcessUsage(cpu: .seconds(1), residentBytes: 50_000_000, ownBytes: 20_000_000),
            joined: ProcessUsage(cpu: .milliseconds(1140), residentBytes: 51_400_000, ownBytes: 21_400_000),
            begin: ProcessUsage(cpu: .seconds(2), residentBytes: 52_000_000, ownBytes: 22_000_000),
            end: ProcessUsage(cpu: .milliseconds(2750), residentBytes: 52_800_000, ownBytes: 22_800_000))
        return measurement
    }

    @Test func arithmetic() throws {
        let report = measurement().report
        #expect(report.joins.perSecond == 20)
        #expect(report.received.forwardedPackets == 75_000)
        #expect(report.received.forwardedPacketsPerSecond == 7500)
        #expect(report.received.loss == 0.25)
        // Three of four publishers' pictures come to each of ten.
        #expect(report.received.expectedVideoFrames == 9000)
        let server = try #require(report.server)
        #expect(server.cpuSeconds == 0.75)
        #expect(server.cpuShare == 0.075)
        #expect(server.cpuNanosecondsPerForwardedPacket == 10_000)
        #expect(server.cpuMillisecondsPerJoin == 10)
        #expect(server.bytesPerParticipant == 200_000)
    }

    @Test func withNothingReceivedThereIsNoQuotient() throws {
        var measurement = measurement()
        measurement.tally = MediaTally()
        measurement.connected = 0
        measurement.joinTime = .zero
        let report = measurement.report
        #expect(report.received.loss == 0)
        #expect(report.joins.perSecond == 0)
        #expect(report.server?.cpuNanosecondsPerForwardedPacket == nil)
        #expect(report.server?.bytesPerParticipant == nil)
        #expect(report.latencyMilliseconds.audio.p99 == nil)
    }

    @Test func quantilesAreMilliseconds() {
        var histogram = LatencyHistogram()
        for value in 1...100 { histogram.record(.microseconds(value)) }
        let quantiles = LoadReport.Quantiles(histogram)
        #expect(quantiles.count == 100)
        #expect(quantiles.p50 == 0.05)
        #expect(quantiles.p95 == 0.095)
        #expect(quantiles.max == 0.1)
    }

    @Test func textNamesWhatWentWrong() {
        var measurement = measurement()
        measurement.failed = 2
        measurement.firstFailure = "the server is full"
        measurement.sending.droppedFrames = 7
        let text = measurement.report.description
        #expect(text.contains("2 FAILED: the server is full"))
        #expect(text.contains("7 pictures DROPPED"))
        #expect(text.contains("10000 ns per forwarded packet"))
        #expect(text.contains("10.00 ms per join"))
        #expect(text.contains("25000 packets (25.000 %)"))
        #expect(text.contains("195 kB per participant"))
    }
}

@Suite struct LoadPlanTests {
    @Test func usualOnesCanBeCarriedOut() {
        #expect(LoadPlan(publishers: 1, subscribers: 100, video: .usual(.hd)).problem == nil)
        #expect(LoadPlan(publishers: 10, subscribers: 0, video: nil).problem == nil)
        let simulcast = LoadPlan.Video.usual(.fullHD, isSimulcast: true)
        #expect(LoadPlan(publishers: 9, subscribers: 341, video: simulcast, speakers: 3).problem == nil)
    }

    @Test func othersAreExplained() {
        func problem(_ change: (inout LoadPlan) -> Void) -> String? {
            var plan = LoadPlan(publishers: 2, subscribers: 3, video: .usual(.hd))
            change(&plan)
            return plan.problem
        }
        #expect(problem { $0.publishers = 0 }?.contains("publishers") == true)
        #expect(problem { $0.publishers = 5000 }?.contains("4096") == true)
        #expect(problem { $0.subscribers = -1 }?.contains("subscribers") == true)
        #expect(problem { $0.speakers = 3 }?.contains("speak") == true)
        #expect(problem { $0.visible = 26 }?.contains("25") == true)
        #expect(problem { $0.video?.frameRate = 0 }?.contains("frame rate") == true)
        #expect(problem { $0.video?.layers[0].bitRate = 10 }?.contains("bit rate") == true)
        #expect(
            problem {
                $0.video = nil
                $0.hasAudio = false
            }?.contains("nothing to send") == true)
        #expect(problem { $0.joinRate = 0 }?.contains("join rate") == true)
        #expect(problem { $0.joinRate = .nan }?.contains("join rate") == true)
        #expect(problem { $0.duration = .zero }?.contains("duration") == true)
        #expect(problem { $0.threads = 0 }?.contains("threads") == true)
    }

    @Test func simulcastHasTheSizesBelow() {
        let video = LoadPlan.Video.usual(.hd, bitRate: 3_000_000, isSimulcast: true)
        #expect(video.layers.map(\.rid) == ["q", "h", "f"])
        #expect(video.layers.map(\.size.height) == [180, 360, 720])
        #expect(video.layers.map(\.bitRate) == [300_000, 1_000_000, 3_000_000])
        #expect(LoadPlan.Video.usual(.half, isSimulcast: true).layers.map(\.rid) == ["h", "f"])
        #expect(LoadPlan.Video.usual(.quarter, isSimulcast: true).layers.map(\.rid) == [nil])
    }
}
