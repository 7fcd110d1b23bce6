internal import MediaVocabulary
internal import ProtocolCore

/// A slot that a track is put into, with direct references so that forwarding follows no table.
struct Subscription {
    var slot: UnsafeMutablePointer<Slot>
    var member: UnsafeMutablePointer<Member>
    /// One bit for each layer whose packets the slot wants to see; others need not be shown to it.
    var layers: UInt8
}

/// One source of a participant: the streams that carry it, and who gets it.
struct PublishedTrack: ~Copyable {
    /// Simulcast layers of one track at most.
    static let layerCapacity = 3

    /// Whether the participant says that it publishes this source (camera on, microphone present).
    var isPublished = false
    /// The codec of the last packet, known from the first one on.
    var codec: MediaCodec?
    /// What the publisher could send, in its order of preference.
    var offeredCodecs: [MediaCodec] = []
    var earlierAudio = EarlierAudio()
    var link = PublisherLink()
    let layers: UnsafeMutablePointer<Layer>
    private(set) var layerCount = 1
    private(set) var subscriptions: UnsafeMutablePointer<Subscription>
    private(set) var subscriptionCount = 0
    private var subscriptionCapacity = 4

    init() {
        subscriptions = .allocate(capacity: subscriptionCapacity)
        layers = .allocate(capacity: PublishedTrack.layerCapacity)
        layers.initialize(to: Layer(rid: nil))
    }

    deinit {
        subscriptions.deallocate()
        layers.deinitialize(count: layerCount)
        layers.deallocate()
    }

    var isSimulcast: Bool { layerCount > 1 }

    /// Takes the layers that were negotiated; those that were there before go on as they are.
    mutating func setLayers(_ rids: [Rid], buffers: inout PacketBuffers) {
        let wanted = rids.isEmpty ? [nil] : rids.prefix(PublishedTrack.layerCapacity).map(Optional.some)
        let present = (0..<layerCount).map { layers[$0].rid }
        guard present != wanted else { return }
        restart(buffers: &buffers)
        forgetParameterSets(buffers: &buffers)
        layers.deinitialize(count: layerCount)
        layerCount = wanted.count
        for (position, rid) in wanted.enumerated() { (layers + position).initialize(to: Layer(rid: rid)) }
    }

    func layer(_ index: UInt8) -> UnsafeMutablePointer<Layer>? {
        Int(index) < layerCount ? layers + Int(index) : nil
    }

    mutating func subscribe(_ slot: UnsafeMutablePointer<Slot>, of member: UnsafeMutablePointer<Member>) {
        if subscriptionCount == subscriptionCapacity {
            let larger = UnsafeMutablePointer<Subscription>.allocate(capacity: subscriptionCapacity * 2)
            larger.moveInitialize(from: subscriptions, count: subscriptionCount)
            subscriptions.deallocate()
            subscriptions = larger
            subscriptionCapacity *= 2
        }
        (subscriptions + subscriptionCount).initialize(
            to: Subscription(slot: slot, member: member, layers: slot.pointee.layersOfInterest))
        subscriptionCount += 1
    }

    mutating func unsubscribe(_ slot: UnsafeMutablePointer<Slot>) {
        for index in 0..<subscriptionCount where subscriptions[index].slot == slot {
            subscriptionCount -= 1
            subscriptions[index] = subscriptions[subscriptionCount]
            return
        }
    }

    /// Follows a slot whose wish for layers has changed.
    mutating func updateInterest(of slot: UnsafeMutablePointer<Slot>) {
        for index in 0..<subscriptionCount where subscriptions[index].slot == slot {
            subscriptions[index].layers = slot.pointee.layersOfInterest
            return
        }
    }

    @inline(__always)
    mutating func updateInterest(at index: Int) {
        subscriptions[index].layers = subscriptions[index].slot.pointee.layersOfInterest
    }

    /// Whether anybody gets a layer, or waits for it: a keyframe of another one would only burden the publisher's link.
    func isSeen(_ layer: UInt8) -> Bool {
        (0..<subscriptionCount).contains { subscriptions[$0].layers & (1 << layer) != 0 }
    }

    /// Every slot needs a keyframe to go on.
    mutating func awaitKeyframes() {
        for index in 0..<subscriptionCount {
            subscriptions[index].slot.pointee.awaitKeyframe()
            subscriptions[index].layers = subscriptions[index].slot.pointee.layersOfInterest
        }
        if subscriptionCount > 0 { wantKeyframes() }
    }

    /// A keyframe is needed on the layers that flow; on a layer that does not, it comes by itself with the first picture.
    mutating func wantKeyframes() {
        for index in 0..<layerCount { layers[index].keyframes.want() }
    }

    /// The publisher began one layer's stream anew: only who got that one must wait.
    mutating func restart(layer index: UInt8, buffers: inout PacketBuffers) {
        guard let layer = layer(index) else { return }
        layer.pointee.restart(buffers: &buffers)
        for position in 0..<subscriptionCount where subscriptions[position].slot.pointee.layer == index {
            subscriptions[position].slot.pointee.awaitKeyframe()
            updateInterest(at: position)
        }
        layer.pointee.keyframes.want()
    }

    /// What was known of its encoders is of no use any more: the publisher leaves, or sends other layers.
    mutating func forgetParameterSets(buffers: inout PacketBuffers) {
        for index in 0..<layerCount { layers[index].parameterSets.release(to: &buffers) }
    }

    /// The publisher began its streams anew: nothing of the old ones fits any more.
    mutating func restart(buffers: inout PacketBuffers) {
        for index in 0..<layerCount { layers[index].restart(buffers: &buffers) }
        earlierAudio.release(to: &buffers)
        codec = nil
        awaitKeyframes()
    }
}
