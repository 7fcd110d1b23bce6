import { captureScreen } from '../devices/capture';
import type { DeviceManager } from '../devices/device-manager';
import { asCallingError, callingError, type CallingError } from '../errors';
import { EventSource } from '../events';
import type { MediaSession } from '../media/media-session';
import type { SendPurpose } from '../media/send-line';
import { LocalAudioStream } from '../streams/local-audio-stream';
import { LocalVideoStream } from '../streams/local-video-stream';

/** What went wrong on this device, by source. */
export interface LocalMediaErrors {
    readonly microphone?: CallingError;
    readonly camera?: CallingError;
    readonly screen?: CallingError;
}

type Picture = 'camera' | 'screen';

export interface LocalMediaEvents {
    errorsChanged: void;
    /** The source stopped by itself: unplugged, or ended in the browser's own bar. */
    stopped: Picture;
    /** A source is being started, is running, or could not be started. */
    capturing: SendPurpose;
    captured: SendPurpose;
    captureFailed: { source: SendPurpose; reason: string };
    /** `isMicrophoneSent` changed. */
    microphoneSentChanged: void;
}

/** What this device sends into a call: its microphone, and the camera and screen if they are on. */
export class LocalMedia extends EventSource<LocalMediaEvents> {
    private readonly pictures = new Map<Picture, { stream: LocalVideoStream; forget: () => void }>();
    private problems: LocalMediaErrors = {};
    private muted: boolean;
    private onHold = false;
    private audioStopped = false;
    private closed = false;
    private microphoneSent = false;
    readonly microphone: LocalAudioStream;
    private readonly ownMicrophone: boolean;

    constructor(
        private readonly media: MediaSession,
        private readonly devices: DeviceManager,
        options: { muted: boolean; microphone?: LocalAudioStream },
    ) {
        super();
        this.muted = options.muted;
        this.ownMicrophone = options.microphone === undefined;
        this.microphone = options.microphone ?? new LocalAudioStream(devices.chosenMicrophone);
        this.microphone.on('trackChanged', this.microphoneTrackChanged);
        this.microphone.on('ended', this.microphoneEnded);
        devices.on('selectedMicrophoneChanged', this.microphoneSelected);
    }

    get errors(): LocalMediaErrors {
        return this.problems;
    }

    /** Whether sound goes out, or would if the call were not muted or on hold. */
    get isMicrophoneSent(): boolean {
        return this.microphoneSent;
    }

    stream(picture: Picture): LocalVideoStream | undefined {
        return this.pictures.get(picture)?.stream;
    }

    /** Begins to send the microphone. A failure goes to `errors`: one can take part by listening. */
    async startMicrophone(): Promise<void> {
        this.audioStopped = false;
        this.emit('capturing', 'microphone');
        try {
            await this.microphone.getMediaStream();
            if (this.closed) {
                this.releaseMicrophone();
                return;
            }
            this.setError('microphone', undefined);
            this.emit('captured', 'microphone');
            this.setMicrophoneSent(true);
            await this.synchronise('microphone');
            // Only now does the browser tell the names of the devices.
            await this.devices.refresh();
        } catch (error) {
            if (this.closed) return;
            const failure = asCallingError(error, 'microphoneBusy');
            this.setError('microphone', failure);
            this.setMicrophoneSent(false);
            this.emit('captureFailed', { source: 'microphone', reason: failure.reason });
        }
    }

    /** Sends the microphone again, from another source if one is given; unlike at the beginning a failure is thrown. */
    async restartMicrophone(stream?: LocalAudioStream): Promise<void> {
        const source = stream && (stream.source ?? (await stream.getMediaStream()));
        if (source) await this.microphone.switchSource(source);
        await this.startMicrophone();
        if (this.problems.microphone) throw this.problems.microphone;
    }

    /** Sends no sound at all until `startMicrophone`; the microphone is free for others. */
    async stopMicrophone(): Promise<void> {
        this.audioStopped = true;
        this.setMicrophoneSent(false);
        await this.synchronise('microphone');
        this.releaseMicrophone();
    }

    setMuted(muted: boolean): void {
        this.muted = muted;
        this.applyMuted();
    }

    /** Sends nothing while on hold. */
    async setOnHold(onHold: boolean): Promise<void> {
        if (onHold === this.onHold) return;
        this.onHold = onHold;
        for (const purpose of ['microphone', 'camera', 'screen'] as const) await this.synchronise(purpose);
    }

    async startCamera(stream: LocalVideoStream): Promise<void> {
        await this.startPicture('camera', stream);
    }

    /** Shares `stream`, or what the person chooses in the browser's dialog. */
    async startScreen(stream?: LocalVideoStream): Promise<void> {
        const screen = stream ?? (await this.chooseScreen());
        if (this.closed) screen.dispose();
        else await this.startPicture('screen', screen);
    }

    async stopPicture(picture: Picture): Promise<void> {
        const entry = this.pictures.get(picture);
        if (!entry) return;
        this.pictures.delete(picture);
        entry.forget();
        await this.synchronise(picture);
        entry.stream.unacquire();
    }

    /** Records a failure that nobody awaits. */
    setError(source: SendPurpose, error: CallingError | undefined): void {
        if (this.problems[source] === error) return;
        this.problems = { ...this.problems, [source]: error };
        this.emit('errorsChanged');
    }

    close(): void {
        this.setMicrophoneSent(false);
        this.closed = true;
        this.devices.off('selectedMicrophoneChanged', this.microphoneSelected);
        this.microphone.off('trackChanged', this.microphoneTrackChanged);
        this.microphone.off('ended', this.microphoneEnded);
        this.releaseMicrophone();
        for (const { stream, forget } of this.pictures.values()) {
            forget();
            stream.unacquire();
        }
        this.pictures.clear();
    }

    private async chooseScreen(): Promise<LocalVideoStream> {
        try {
            return new LocalVideoStream(await captureScreen(), 'ScreenSharing');
        } catch (error) {
            this.emit('captureFailed', { source: 'screen', reason: asCallingError(error, 'screenFailed').reason });
            throw error;
        }
    }

    private async startPicture(picture: Picture, stream: LocalVideoStream): Promise<void> {
        const changed = () => void this.synchronise(picture);
        const ended = () => {
            this.setError(picture, picture === 'camera' ? callingError('deviceStopped') : undefined);
            this.emit('stopped', picture);
        };
        const forget = () => {
            stream.off('trackChanged', changed);
            stream.off('ended', ended);
        };
        this.pictures.set(picture, { stream, forget });
        this.emit('capturing', picture);
        try {
            await stream.acquire();
        } catch (error) {
            this.pictures.delete(picture);
            this.emit('captureFailed', { source: picture, reason: asCallingError(error, 'cameraBusy').reason });
            throw error;
        }
        if (this.closed || this.pictures.get(picture)?.stream !== stream) {
            stream.unacquire();
            throw callingError(this.closed ? 'callEnded' : 'videoNotOn');
        }
        stream.on('trackChanged', changed);
        stream.on('ended', ended);
        this.setError(picture, undefined);
        this.emit('captured', picture);
        await this.synchronise(picture);
    }

    /** Makes the sender send what it should. */
    private async synchronise(purpose: SendPurpose): Promise<void> {
        if (this.closed) return;
        if (purpose === 'microphone') {
            this.applyMuted();
            const track = this.microphone.current?.getAudioTracks()[0] ?? null;
            await this.media.send(purpose, this.onHold || this.audioStopped ? null : track);
        } else {
            const track = this.stream(purpose)?.current?.getVideoTracks()[0] ?? null;
            await this.media.send(purpose, this.onHold ? null : track);
        }
    }

    private applyMuted(): void {
        for (const track of this.microphone.current?.getAudioTracks() ?? []) track.enabled = !this.muted;
    }

    private releaseMicrophone(): void {
        if (this.ownMicrophone) this.microphone.dispose();
    }

    private setMicrophoneSent(sent: boolean): void {
        if (sent === this.microphoneSent) return;
        this.microphoneSent = sent;
        this.emit('microphoneSentChanged');
    }

    private readonly microphoneTrackChanged = () => void this.synchronise('microphone');

    private readonly microphoneEnded = async () => {
        if (!this.ownMicrophone || this.audioStopped) {
            this.setError('microphone', callingError('deviceStopped'));
            this.setMicrophoneSent(false);
            return;
        }
        // Unplugged: go on with what is left.
        this.microphone.forgetSource();
        await this.startMicrophone();
    };

    private readonly microphoneSelected = () => {
        const device = this.devices.chosenMicrophone;
        if (!this.ownMicrophone || !device || device.id === this.microphone.source?.id) return;
        this.microphone
            .switchSource(device)
            .then(() => this.setError('microphone', undefined))
            .catch(error => this.setError('microphone', asCallingError(error, 'microphoneBusy')));
    };
}
