import Codecs
import Glibc
import PayloadFormats
import ProtocolCore

/// Sounds and pictures to measure with.
enum Signal {
    /// Something like a voice: a gliding tone with overtones, in syllables of 250 ms.
    static func voice(seconds: Double) -> [Int16] {
        var phase = 0.0
        return (0..<Int(seconds * 48_000)).map { index in
            let time = Double(index) / 48_000
            let pitch = 140 + 40 * sin(2 * .pi * 1.3 * time)
            phase += 2 * .pi * pitch / 48_000
            let tone = (1...6).reduce(0.0) { $0 + sin(phase * Double($1)) / Double($1) }
            let syllable = 0.25 + 0.75 * abs(sin(2 * .pi * 2 * time))
            return Int16(tone * syllable * 6000)
        }
    }

    static func tone(_ frequency: Double, seconds: Double, amplitude: Double = 8000) -> [Int16] {
        (0..<Int(seconds * 48_000)).map { Int16(amplitude * sin(2 * .pi * frequency * Double($0) / 48_000)) }
    }

    /// A gradient with a square moving over it.
    static func picture(_ number: Int, size: PictureSize) -> VideoFrame {
        var frame = VideoFrame(size: size)
        for row in 0..<size.height {
            for column in 0..<size.width {
                frame.bytes[row * size.width + column] = UInt8(truncatingIfNeeded: 40 + (row + column) / 4)
            }
        }
        let left = number * 4 % (size.width - 32)
        for row in 16..<48 {
            for column in left..<left + 32 { frame.bytes[row * size.width + column] = 220 }
        }
        return frame
    }
}

/// How alike two signals are.
enum Measure {
    static func energy(_ samples: some Sequence<Int16>) -> Double {
        samples.reduce(0) { $0 + Double($1) * Double($1) }
    }

    /// Signal to noise in decibels.
    static func signalToNoise(_ signal: ArraySlice<Int16>, _ other: ArraySlice<Int16>) -> Double {
        let noise = zip(signal, other).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        return 10 * log10(energy(signal) / max(noise, 1))
    }

    /// Peak signal to noise of the luma in decibels.
    static func peakSignalToNoise(_ one: VideoFrame, _ other: VideoFrame) -> Double {
        let noise = one.lumaRange.reduce(0.0) { $0 + pow(Double(one.bytes[$1]) - Double(other.bytes[$1]), 2) }
        return 10 * log10(255 * 255 * Double(one.lumaRange.count) / max(noise, 1))
    }
}

extension [Int16] {
    /// Pieces of 20 ms; the rest is left out.
    var frames: [[Int16]] {
        stride(from: 0, to: count - 959, by: 960).map { Array(self[$0..<$0 + 960]) }
    }
}
