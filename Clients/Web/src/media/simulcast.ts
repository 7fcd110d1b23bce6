/** The names (rid) of the layers that a camera is sent in, smallest first. */
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
    /** Whether the picture is large enough for this layer to make sense. */
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

/** How many layers make sense for a picture whose shorter side has that many pixels. */
function usefulLayers(shortSide: number): number {
    return shortSide >= 540 ? 3 : shortSide >= 360 ? 2 : 1;
}

/**
 * The settings of `count` layers, smallest first, for a source and what its sender may use.
 *
 * The last layer has the full size and each one before it half the width and height of the next. The smallest layers of
 * a small picture are not useful.
 */
export function layerSettings(capture: CaptureFormat, limits: SendLimits, count: number): LayerSettings[] {
    const base = Math.max(1, limits.maxHeight ? capture.height / limits.maxHeight : 1);
    const useful = Math.min(count, usefulLayers(Math.min(capture.width, capture.height) / base));
    const maxFramerate = Math.min(capture.frameRate, limits.maxFramerate ?? mostFramesPerSecond);
    const layers = Array.from({ length: count }, (_, index) => {
        const scale = base * 2 ** (count - 1 - index);
        const maxBitrate = bitrateFor((capture.width * capture.height) / scale ** 2);
        return { useful: index >= count - useful, scaleResolutionDownBy: scale, maxBitrate, maxFramerate };
    });
    const total = layers.reduce((sum, layer) => sum + (layer.useful ? layer.maxBitrate : 0), 0);
    const share = Math.min(1, (limits.maxBitrate ?? total) / total);
    return layers.map(layer => ({ ...layer, maxBitrate: Math.round(layer.maxBitrate * share) }));
}

/**
 * Which layers are sent: the useful ones that are watched. A watched layer that is not useful is stood in for by the
 * smallest useful one, so that nobody waits for a layer that never comes.
 */
export function activeLayers(useful: readonly boolean[], watched: readonly boolean[]): boolean[] {
    const smallest = useful.indexOf(true);
    const standIn = watched.some((isWatched, index) => isWatched && index < smallest);
    return useful.map((isUseful, index) => isUseful && ((watched[index] ?? true) || (standIn && index === smallest)));
}

/** The format of a running track, as far as it tells. */
export function captureFormat(track: MediaStreamTrack): CaptureFormat {
    const { width, height, frameRate } = track.getSettings();
    if (!width || !height) return usualCapture;
    return { width, height, frameRate: frameRate || usualCapture.frameRate };
}
