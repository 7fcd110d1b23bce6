public import ProtocolCore

/// Takes what arrives on one session; called on the thread of its ``TransportLoop``, and must return at once.
public protocol MediaSink: AnyObject {
    /// A media packet; the payload is valid in the call alone.
    func receive(_ packet: ReceivedPacket, payload: UnsafeRawBufferPointer)
    /// Called every ``TransportLoop/tickInterval`` while media may flow; gives the slots that need a keyframe.
    func tick(now: Instant) -> [Mid]
    func handle(_ event: ClientSession.Event)
}
