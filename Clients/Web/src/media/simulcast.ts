/**
 * The names (rid) of the encodings that a camera is sent in, smallest picture first. They are no more than names: which
 * size each has depends on the camera.
 */
export const layerNames = ['q', 'h', 'f'] as const;

/** What a source delivers: pixels and frames a second. */
export interface CaptureFormat {
    readonly width: number;
    readonly height: number;
    readonly frameRate: number;
}

/** The most that is sent of a line; members left out are the library's choice. */
export interface SendLimits {
    /** Bits a second, all layers together. */
    maxBitrate?: number;
    /** Frames a second. */
    maxFramerate?: number;
    /** Lines of the largest picture, in pixels. */
    maxHeight?: number;
}

/** How one layer is to be sent. */
export interface LayerSettings {
    /** Whether the picture is large enough for this encoding to be used. */
    readonly useful: boolean;
    readonly scaleResolutionDownBy: number;
    readonly maxBitrate: number;
    readonly maxFramerate: number;
}

/** What a camera is taken to deliver until it tells. */
export const usualCapture: CaptureFormat = { width: 1280, height: 720, frameRate: 30 };

const mostFramesPerSecond = 30;

/**
 * What a picture of a moving face needs, in bits a second: 1.7 Mbit/s for 720p, and 3.4 times less for a quarter of the
 * pixels, which gives 500 and 150 kbit/s for the two layers below it.
 */
function bitrateFor(pixels: number): number {
    const exact = 1_700_000 * (pixels / (1280 * 720)) ** 0.88;
    return Math.max(60_000, Math.round(exact / 10_000) * 10_000);
}

/**
 * From how many pixels of a picture on there are so many layers: what libwebrtc does on its own. It leaves out the last
 * encodings of a picture that is too small for all of them, whichever are active, so the first ones have to carry it.
 */
const layersByPixels = [
    { pixels: 960 * 540, layers: 3 },
    { pixels: 480 * 270, layers: 2 },
];

function layersFor(pixels: number): number {
    return layersByPixels.find(step => pixels >= step.pixels)?.layers ?? 1;
}

/**
 * The settings of `count` encodings, smallest picture first, for a source and what its sender may use.
 *
 * A large picture uses all of them, a small one the first of them; the last encoding in use always has the whole picture,
 * and each one before it half the width and height of the next.
 */
export function layerSettings(capture: CaptureFormat, limits: SendLimits, count: number): LayerSettings[] {
    const base = Math.max(1, limits.maxHeight ? capture.height / limits.maxHeight : 1);
    const pixels = (capture.width * capture.height) / base ** 2;
    const useful = Math.min(count, layersFor(pixels));
    const maxFramerate = Math.min(capture.frameRate, limits.maxFramerate ?? mostFramesPerSecond);
    const layers = Array.from({ length: count }, (_, index) => {
        const scale = base * 2 ** Math.max(0, useful - 1 - index);
        const maxBitrate = bitrateFor((capture.width * capture.height) / scale ** 2);
        return { useful: index < useful, scaleResolutionDownBy: scale, maxBitrate, maxFramerate };
    });
    const total = layers.reduce((sum, layer) => sum + (layer.useful ? layer.maxBitrate : 0), 0);
    const share = Math.min(1, (limits.maxBitrate ?? total) / total);
    return layers.map(layer => ({ ...layer, maxBitrate: Math.round(layer.maxBitrate * share) }));
}

/**
 * Which encodings are sent: the useful ones that are watched. A watched one that is not useful is stood in for by the
 * largest useful one, so that nobody waits for a layer that never comes.
 */
export function activeLayers(useful: readonly boolean[], watched: readonly boolean[]): boolean[] {
    const largest = useful.lastIndexOf(true);
    const standIn = watched.some((isWatched, index) => isWatched && index > largest);
    return useful.map((isUseful, index) => isUseful && ((watched[index] ?? true) || (standIn && index === largest)));
}

/** The format of a running track, as far as it tells. */
export function captureFormat(track: MediaStreamTrack): CaptureFormat {
    const { width, height, frameRate } = track.getSettings();
    if (!width || !height) return usualCapture;
    return { width, height, frameRate: frameRate || usualCapture.frameRate };
}
