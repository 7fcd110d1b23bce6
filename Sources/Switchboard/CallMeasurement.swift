import Calling
import Conference
import Congestion
import MediaIO
import MediaVocabulary
import MediaWorker
import Metrics
import ServiceLifecycle
import Signaling
import Telemetry

/// Keeps the gauges and counters of calls and media up to date.
struct CallMeasurement: Service {
    /// How often; what scrapes `/metrics` rarely asks more than every few seconds.
    static let interval: Duration = .seconds(2)

    let directory: CallDirectory
    let engine: MediaEngine
    let signaling: SignalingService
    private let totals = RunningTotals()

    init(directory: CallDirectory, engine: MediaEngine, signaling: SignalingService) {
        self.directory = directory
        self.engine = engine
        self.signaling = signaling
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await measure()
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    private func measure() async {
        let counts = await directory.counts
        Gauge(label: "switchboard_calls").record(counts.calls)
        Gauge(label: "switchboard_call_participants").record(counts.participants)
        Gauge(label: "switchboard_endpoints").record(counts.endpoints)
        totals.record(counts.callsStarted, "switchboard_calls_started")
        Gauge(label: "switchboard_signalling_sessions").record(await signaling.sessionCount)
        for (worker, counters) in await engine.counters().enumerated() {
            record(counters, ofWorker: worker)
        }
        for (worker, summary) in await engine.allocationSummaries().enumerated() {
            record(summary, ofWorker: worker)
        }
    }

    private func record(_ summary: AllocationSummary, ofWorker worker: Int) {
        for reason in AllocationReason.allCases {
            Gauge(
                label: "switchboard_media_slots", dimensions: [("worker", "\(worker)"), ("reason", reason.rawValue)]
            ).record(summary.slots[reason] ?? 0)
        }
        for state in CongestionState.allCases {
            Gauge(
                label: "switchboard_media_links", dimensions: [("worker", "\(worker)"), ("state", state.rawValue)]
            ).record(summary.links[state] ?? 0)
        }
        for transport in MediaTransport.allCases {
            Gauge(
                label: "switchboard_media_participants",
                dimensions: [("worker", "\(worker)"), ("transport", transport.rawValue)]
            ).record(summary.transports[transport] ?? 0)
        }
        Gauge(label: "switchboard_media_busy_share", dimensions: [("worker", "\(worker)")]).record(summary.busyShare)
        Gauge(label: "switchboard_media_load_level", dimensions: [("worker", "\(worker)")]).record(summary.loadLevel)
        Gauge(label: "switchboard_media_available_bitrate", dimensions: [("worker", "\(worker)")])
            .record(summary.availableBitrate)
        Gauge(label: "switchboard_media_needed_bitrate", dimensions: [("worker", "\(worker)")])
            .record(summary.neededBitrate)
    }

    private func record(_ counters: WorkerCounters, ofWorker worker: Int) {
        let values: [(String, UInt64)] = [
            ("received_packets", counters.peers.receivedPackets),
            ("received_bytes", counters.peers.receivedOctets),
            ("sent_packets", counters.peers.sentPackets),
            ("sent_bytes", counters.peers.sentOctets),
            ("refused_packets", counters.peers.refusedPackets),
            ("unknown_stream_packets", counters.peers.unknownStreamPackets),
            ("sent_nacks", counters.peers.sentNacks),
            ("received_nacks", counters.peers.receivedNacks),
            ("sent_keyframe_requests", counters.peers.sentKeyframeRequests),
            ("received_keyframe_requests", counters.peers.receivedKeyframeRequests),
            ("reported_lost_packets", counters.peers.reportedLost),
            ("received_data_messages", counters.peers.receivedDataMessages),
            ("sent_data_messages", counters.peers.sentDataMessages),
            ("dropped_data_messages", counters.peers.droppedDataMessages),
            ("refused_data_messages", counters.peers.refusedDataMessages),
            ("refused_data_chunks", counters.peers.refusedDataChunks),
            ("delayed_data_reads", counters.peers.delayedDataReads),
            ("sent_data_bytes", counters.peers.sentDataOctets),
            ("duplicate_packets", counters.conferences.duplicates),
            ("retransmitted_packets", counters.conferences.retransmissions),
            ("refused_retransmissions", counters.conferences.refusedRetransmissions),
            ("padding_packets", counters.conferences.paddingPackets),
            ("inserted_parameter_sets", counters.conferences.insertedParameterSets),
            ("forgotten_parameter_sets", counters.conferences.forgottenParameterSets),
            ("refused_durable_messages", counters.refusedDurableMessages),
            ("forgotten_durable_messages", counters.forgottenDurableMessages),
            ("dropped_packets", counters.droppedPackets),
            ("stray_datagrams", counters.strayDatagrams),
            ("refused_stun_requests", counters.refusedSTUN),
            ("handshakes", counters.handshakes),
            ("failed_handshakes", counters.failedHandshakes.values.reduce(0, +)),
            ("withheld_datagrams", counters.withheldDatagrams),
            ("forgotten_paths", counters.forgottenPaths),
            ("expired_paths", counters.expiredPaths),
            ("refused_streams", counters.refusedStreams),
            ("refused_checks", counters.refusedChecks),
        ]
        for (name, value) in values {
            totals.record(value, "switchboard_media_\(name)", [("worker", "\(worker)")])
        }
    }
}
