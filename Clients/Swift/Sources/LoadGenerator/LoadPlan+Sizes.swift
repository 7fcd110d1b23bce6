public import PayloadFormats

/// The usual sizes of pictures.
public enum VideoSize: String, CaseIterable, Hashable, Sendable {
    case quarter = "180p"
    case half = "360p"
    case hd = "720p"
    case fullHD = "1080p"

    public var size: PictureSize {
        switch self {
        case .quarter: PictureSize(width: 320, height: 180)
        case .half: PictureSize(width: 640, height: 360)
        case .hd: PictureSize(width: 1280, height: 720)
        case .fullHD: PictureSize(width: 1920, height: 1080)
        }
    }

    /// The usual bits per second at 30 frames per second.
    public var bitRate: Int {
        switch self {
        case .quarter: 150_000
        case .half: 500_000
        case .hd: 1_500_000
        case .fullHD: 3_000_000
        }
    }
}

extension LoadPlan.Video {
    /// The video of one size.
    /// - Parameters:
    ///   - bitRate: Bits per second of the largest layer; nil for the usual ones. Smaller layers get the same share of
    ///     their usual rate.
    ///   - isSimulcast: Whether the size below, and the one below that, are sent besides, where there are any.
    public static func usual(
        _ size: VideoSize, bitRate: Int? = nil, frameRate: Int = 30, isSimulcast: Bool = false
    ) -> LoadPlan.Video {
        let scale = bitRate.map { Double($0) / Double(size.bitRate) } ?? 1
        func layer(_ one: VideoSize, _ rid: String?) -> LoadPlan.Layer {
            let rate = one == size ? bitRate ?? one.bitRate : Int(Double(one.bitRate) * scale)
            return LoadPlan.Layer(rid: rid, size: one.size, bitRate: max(rate, 16_000))
        }
        guard isSimulcast, size != .quarter else {
            return LoadPlan.Video(layers: [layer(size, nil)], frameRate: frameRate)
        }
        let position = VideoSize.allCases.firstIndex(of: size) ?? 0
        let sizes = VideoSize.allCases[max(0, position - 2)...position]
        let names = ["q", "h", "f"].suffix(sizes.count)
        return LoadPlan.Video(layers: zip(sizes, names).map { layer($0, $1) }, frameRate: frameRate)
    }
}
