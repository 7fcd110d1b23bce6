public import DataChannels
internal import MediaIO

extension TransportLoop {
    /// The next offers of a session have a line of data channels.
    public func enableData(_ id: SessionID, wantsReceipts: Bool = false) {
        hosted[id.number]?.session.enableData(wantsReceipts: wantsReceipts)
    }

    /// Sends a message on a data channel; false when it was not taken: see ``ClientSession/sendData(_:_:now:into:)``.
    public func sendData(_ id: SessionID, _ envelope: DataEnvelope, _ kind: DataChannelKind) -> Bool {
        guard let one = hosted[id.number] else { return false }
        let isTaken = one.session.sendData(envelope, kind, now: MonotonicClock.now(), into: &datagrams)
        settle(id.number, one)
        return isTaken
    }
}
