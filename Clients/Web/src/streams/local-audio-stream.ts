import { captureMicrophone, stopTracks } from '../devices/capture';
import type { AudioDeviceInfo } from '../devices/device-info';
import { callingError } from '../errors';
import { EventSource } from '../events';
import type { AudioStreamFeatureFactory } from '../features/feature';
import { FeatureSet } from '../features/feature-set';
import { Volume } from './volume';

export interface LocalAudioStreamEvents {
    /** The sound comes from another microphone or stream. */
    audioSourceChanged: { source: LocalAudioStream };
    /** @internal The track was replaced by another one. */
    trackChanged: void;
    /** @internal The microphone was unplugged. */
    ended: void;
}

/** The sound that a call sends: a microphone, or a MediaStream of the app. */
export class LocalAudioStream extends EventSource<LocalAudioStreamEvents> {
    private device: AudioDeviceInfo | undefined;
    private given: MediaStream | undefined;
    private live: MediaStream | undefined;
    private readonly level = new Volume(() => this.live);
    private readonly features = new FeatureSet('audioStreamApiCtor', 'a local audio stream', undefined);

    /** `source` is a microphone from {@link DeviceManager.getMicrophones} or a stream with an audio track. */
    constructor(source?: AudioDeviceInfo | MediaStream) {
        super();
        if (source && isMediaStream(source)) this.given = this.live = source;
        else this.device = source;
    }

    /** The microphone; undefined for a stream that the app supplied or for the browser's choice. */
    get source(): AudioDeviceInfo | undefined {
        return this.device;
    }

    get mediaStreamType(): 'Audio' {
        return 'Audio';
    }

    /** How loud the sound is while the microphone runs; see {@link getVolume}. */
    get volume(): Volume {
        return this.level;
    }

    /** How loud the sound is. Starts the microphone if need be, which then runs until {@link dispose}. */
    async getVolume(): Promise<Volume> {
        await this.getMediaStream();
        return this.level;
    }

    /** An extra of the stream: `Features.AudioEffects`. */
    feature<Feature>(factory: AudioStreamFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** The stream with the sound; starts the microphone if need be. */
    async getMediaStream(): Promise<MediaStream> {
        if (this.live) return this.live;
        const stream = await captureMicrophone(this.device?.id);
        this.adopt(stream);
        return stream;
    }

    /** Takes the sound from another microphone or stream; the call goes on with it at once. */
    async switchSource(source: AudioDeviceInfo | MediaStream): Promise<void> {
        const before = this.given ? undefined : this.live;
        if (isMediaStream(source)) {
            if (source.getAudioTracks().length === 0) {
                throw callingError('invalidArgument', 'The MediaStream has no audio track.');
            }
            this.given = source;
            this.device = undefined;
            this.adopt(source);
        } else {
            const next = this.live ? await captureMicrophone(source.id) : undefined;
            this.given = undefined;
            this.device = source;
            if (next) this.adopt(next);
        }
        stopTracks(before);
        this.emit('audioSourceChanged', { source: this });
    }

    /** Takes the sound from a stream of the app. */
    setMediaStream(stream: MediaStream): Promise<void> {
        return this.switchSource(stream);
    }

    /** Stops the microphone. A stream that the app supplied is left alone. */
    dispose(): void {
        this.level.stop();
        this.features.close();
        const before = this.given ? undefined : this.live;
        this.live = undefined;
        stopTracks(before);
    }

    /** @internal Lets the browser choose the microphone the next time it is started. */
    forgetSource(): void {
        this.device = undefined;
    }

    /** @internal */
    get current(): MediaStream | undefined {
        return this.live;
    }

    private adopt(stream: MediaStream): void {
        this.live = stream;
        stream.getAudioTracks()[0]?.addEventListener('ended', () => {
            if (this.live !== stream) return;
            this.live = undefined;
            this.emit('ended');
        });
        this.level.restart();
        this.emit('trackChanged');
    }
}

function isMediaStream(source: AudioDeviceInfo | MediaStream): source is MediaStream {
    return typeof (source as Partial<MediaStream>).getAudioTracks === 'function';
}
