import Conference
import Congestion
import MediaVocabulary
import MediaWorker
import PayloadFormats
import ProtocolCore
import RESTAPI

extension CallMediaReport {
    /// The media engine's knowledge in the words of the API.
    init(callId: String, qualities: [ReceiverQuality]) {
        self.init(
            callId: callId,
            receivers: qualities.map { quality in
                Receiver(
                    participantId: quality.participant.rawValue, availableBitrate: quality.allocation.budget,
                    neededBitrate: quality.allocation.needed, state: quality.allocation.state?.rawValue,
                    roundTripMilliseconds: quality.roundTrip.map { Double($0.nanoseconds) / 1e6 },
                    lossShare: quality.lossShare, sentPackets: quality.counters.sentPackets,
                    sentBytes: quality.counters.sentOctets, receivedPackets: quality.counters.receivedPackets,
                    receivedBytes: quality.counters.receivedOctets,
                    slots: quality.allocation.slots.map { slot in
                        Slot(
                            mid: slot.mid.rawValue, sourceParticipantId: quality.sources[slot.mid]?.rawValue,
                            rid: slot.rid?.rawValue, width: slot.size?.width, height: slot.size?.height,
                            bitrate: slot.bitrate, reason: slot.reason.rawValue)
                    })
            })
    }
}
