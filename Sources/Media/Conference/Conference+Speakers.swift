internal import MediaVocabulary
internal import ProtocolCore

/// Whose audio flows, and who is shown as speaking.
extension Conference {
    mutating func updateSpeakers(now: Instant) {
        if let last = lastSpeakerUpdate, now - last < Conference.rankingInterval { return }
        for case let member? in members { member.pointee.loudness.fade(now: now) }
        selectSpeakers(now: now)
        _ = stage.poll(now: now)
        if let last = lastSpeakerReportAt, now - last < Conference.reportInterval { return }
        let report = speakerReport(now: now)
        guard report != lastSpeakerReport else { return }
        lastSpeakerReport = report
        lastSpeakerReportAt = now
        events.append(.speakers(report))
    }

    /// Ranks the publishers of audio and puts the chosen ones into everybody's audio slots.
    mutating func selectSpeakers(now: Instant) {
        lastSpeakerUpdate = now
        var candidates: [SpeakerRanking.Candidate] = []
        for case let member? in members {
            guard !member.pointee.isOnHold, member.pointee.loudness.lastPacket != nil else { continue }
            candidates.append(
                .init(
                    member: member.pointee.index, level: member.pointee.loudness.level,
                    isSpeaking: member.pointee.loudness.isSpeaking(now: now)))
        }
        speakers.update(candidates)
        for case let member? in members { fillAudioSlots(of: member) }
    }

    /// A receiver hears the chosen speakers but not itself; who stays chosen stays in the same slot.
    private mutating func fillAudioSlots(of member: UnsafeMutablePointer<Member>) {
        let own = member.pointee.index
        let heard = speakers.heard(by: own)
        var missing: [Int32] = []
        for speaker in heard {
            var isHeard = false
            for index in 0..<member.pointee.slotCount
            where member.pointee.slots[index].kind == .audio && member.pointee.slots[index].source?.member == speaker {
                isHeard = true
            }
            if !isHeard { missing.append(speaker) }
        }
        for index in 0..<member.pointee.slotCount where member.pointee.slots[index].kind == .audio {
            let slot = member.pointee.slots + index
            if let current = slot.pointee.source {
                guard !heard.contains(current.member) else { continue }
                // Leave the last speaker in a slot that nobody else needs: it may go on.
                if missing.isEmpty, self.member(current.member) != nil { continue }
                detach(slot)
                noteSlots(of: member)
            }
            guard !missing.isEmpty else { continue }
            attach(slot, of: member, to: TrackReference(member: missing.removeFirst(), source: .microphone))
        }
    }

    private func speakerReport(now: Instant) -> MemberSpeakerReport {
        var speaking: [(index: Int32, level: Float)] = []
        for case let member? in members {
            guard !member.pointee.isOnHold, !member.pointee.isMuted, member.pointee.loudness.isSpeaking(now: now)
            else { continue }
            speaking.append((member.pointee.index, member.pointee.loudness.level))
        }
        // Who leads the conversation comes first, whoever is loud at the moment.
        let leader = stage.dominant
        speaking.sort { ($0.index == leader ? 1 : 0, $0.level) > ($1.index == leader ? 1 : 0, $1.level) }
        var report = MemberSpeakerReport()
        for speaker in speaking.prefix(8) {
            report.dominant.append(speaker.index)
            // Steps of 8 dB keep small wavering from being reported.
            report.levels[speaker.index] = UInt8(min(127, max(0, speaker.level))) & 0x78
        }
        return report
    }
}
