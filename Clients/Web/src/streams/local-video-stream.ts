import { captureCamera, stopTracks } from '../devices/capture';
import { screenDevice, type VideoDeviceInfo } from '../devices/device-info';
import { asCallingError, callingError } from '../errors';
import { EventSource } from '../events';
import type { VideoStreamFeatureFactory } from '../features/feature';
import { FeatureSet } from '../features/feature-set';

export type MediaStreamType = 'Video' | 'ScreenSharing' | 'RawMedia' | 'LiveStream' | 'Audio';

export interface LocalVideoStreamEvents {
    /** The picture comes from another camera or stream. */
    videoSourceChanged: { source: LocalVideoStream };
    /** @internal The track was replaced by another one. */
    trackChanged: void;
    /** @internal The camera was unplugged, or the person ended the sharing in the browser's own bar. */
    ended: void;
}

/**
 * A picture to send: a camera, or a MediaStream of the app. The camera runs while a call sends it or a view shows it.
 */
export class LocalVideoStream extends EventSource<LocalVideoStreamEvents> {
    private device: VideoDeviceInfo | undefined;
    private given: MediaStream | undefined;
    private captured: Promise<MediaStream> | undefined;
    private live: MediaStream | undefined;
    private users = 0;
    private readonly streamType: MediaStreamType;
    private readonly features = new FeatureSet('videoStreamApiCtor', 'a local video stream', undefined);

    /**
     * `source` is a camera from {@link DeviceManager.getCameras} or a stream with a video track. The type needs no
     * telling: `Video` for a camera and `RawMedia` for a stream.
     */
    constructor(source: VideoDeviceInfo | MediaStream, type?: MediaStreamType) {
        super();
        if (isMediaStream(source)) {
            this.given = source;
            this.live = source;
            this.streamType = type ?? 'RawMedia';
            if (type === 'ScreenSharing') this.device = screenDevice(source.getVideoTracks()[0]);
            this.watch(source);
        } else {
            this.device = source;
            this.streamType = type ?? 'Video';
        }
    }

    /** The camera, or the shared screen, window or tab; undefined for a stream that the app supplied. */
    get source(): VideoDeviceInfo | undefined {
        return this.device;
    }

    get mediaStreamType(): MediaStreamType {
        return this.streamType;
    }

    /** The stream with the picture; starts the camera if need be, which then runs until {@link dispose}. */
    async getMediaStream(): Promise<MediaStream> {
        if (this.users === 0 && !this.given) this.users = 1;
        return this.start();
    }

    /** An extra of the stream: `Features.VideoEffects`. */
    feature<Feature>(factory: VideoStreamFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** Takes the picture from another camera or stream; calls and views that use this stream show it at once. */
    async switchSource(source: VideoDeviceInfo | MediaStream): Promise<void> {
        if (typeof source !== 'object' || source === null) throw callingError('invalidVideoDevice');
        if (isMediaStream(source)) {
            await this.setMediaStream(source);
            return;
        }
        if (typeof source.id !== 'string') throw callingError('invalidVideoDevice');
        const isInUse = this.live !== undefined || this.users === 0;
        if (source.id === this.device?.id && isInUse) throw callingError('sameVideoDevice', undefined, source.id);
        const running = this.live !== undefined && !this.given;
        const wanted = this.users > 0;
        let next: MediaStream | undefined;
        if (wanted) {
            try {
                next = await captureCamera(source.id);
            } catch (error) {
                // Telephones often cannot open two cameras at once: close the old one and try again.
                if (!running || asCallingError(error, 'cameraBusy').reason !== 'cameraBusy') throw error;
                stopTracks(this.live);
                next = await captureCamera(source.id);
            }
        }
        const before = this.given ? undefined : this.live;
        this.given = undefined;
        this.device = source;
        this.adopt(next);
        stopTracks(before);
        this.emit('videoSourceChanged', { source: this });
    }

    /** Takes the picture from a stream of the app. The app keeps it: its tracks are never stopped by the library. */
    async setMediaStream(stream: MediaStream): Promise<void> {
        if (stream.getVideoTracks().length === 0) {
            throw callingError('invalidArgument', 'The MediaStream has no video track.');
        }
        const before = this.given ? undefined : this.live;
        this.given = stream;
        this.device = undefined;
        this.adopt(stream);
        stopTracks(before);
        this.emit('videoSourceChanged', { source: this });
    }

    /** Stops the camera, whoever uses it. */
    dispose(): void {
        this.users = 0;
        this.features.close();
        this.stop();
    }

    /** @internal The running stream, if it runs. */
    get current(): MediaStream | undefined {
        return this.live;
    }

    /** @internal Starts the source for one more user. */
    async acquire(): Promise<MediaStream> {
        this.users += 1;
        try {
            return await this.start();
        } catch (error) {
            this.users -= 1;
            throw error;
        }
    }

    /** @internal One user less; the last one stops the camera. */
    unacquire(): void {
        this.users = Math.max(0, this.users - 1);
        if (this.users === 0) this.stop();
    }

    private start(): Promise<MediaStream> {
        if (this.live) return Promise.resolve(this.live);
        this.captured ??= captureCamera(this.device?.id)
            .then(stream => {
                // Everybody may have lost interest while the person was asked for permission.
                if (this.users === 0) stopTracks(stream);
                else this.adopt(stream);
                return stream;
            })
            .finally(() => {
                this.captured = undefined;
            });
        return this.captured;
    }

    private adopt(stream: MediaStream | undefined): void {
        this.live = stream;
        if (!stream) return;
        this.watch(stream);
        this.emit('trackChanged');
    }

    private watch(stream: MediaStream): void {
        stream.getVideoTracks()[0]?.addEventListener('ended', () => {
            if (this.live !== stream) return;
            this.live = undefined;
            this.emit('ended');
        });
    }

    private stop(): void {
        if (this.given && this.streamType !== 'ScreenSharing') return;
        stopTracks(this.live);
        this.live = undefined;
    }
}

function isMediaStream(source: VideoDeviceInfo | MediaStream): source is MediaStream {
    return typeof (source as Partial<MediaStream>).getVideoTracks === 'function';
}
