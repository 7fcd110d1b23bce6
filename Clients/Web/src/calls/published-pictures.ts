import { asCallingError, callingError } from '../errors';
import { EventSource, type CollectionUpdate } from '../events';
import { LocalVideoStream } from '../streams/local-video-stream';
import type { CallRequests } from './call-requests';
import type { LocalMedia } from './local-media';

export interface PublishedPicturesEvents {
    updated: CollectionUpdate<LocalVideoStream>;
    cameraChanged: void;
    screenChanged: void;
}

/** The camera and the screen that this device sends, and tells the others that it sends. */
export class PublishedPictures extends EventSource<PublishedPicturesEvents> {
    private camera = false;
    private screen = false;

    constructor(
        private readonly requests: CallRequests,
        private readonly local: LocalMedia,
    ) {
        super();
        local.on('stopped', picture => {
            const stopped = picture === 'camera' ? this.stopCamera() : this.stopScreen();
            stopped.catch(() => {});
        });
    }

    get isCameraOn(): boolean {
        return this.camera;
    }

    get isScreenOn(): boolean {
        return this.screen;
    }

    get streams(): LocalVideoStream[] {
        const streams = [
            this.camera ? this.local.stream('camera') : undefined,
            this.screen ? this.local.stream('screen') : undefined,
        ];
        return streams.filter((it): it is LocalVideoStream => it !== undefined);
    }

    async startCamera(stream: LocalVideoStream): Promise<void> {
        this.requests.mustBeAlive();
        if (!(stream instanceof LocalVideoStream)) throw callingError('invalidVideoStream');
        if (this.local.stream('camera')) throw callingError('videoAlreadyOn');
        await this.local.startCamera(stream);
        this.camera = true;
        this.emit('updated', { added: [stream], removed: [] });
        this.emit('cameraChanged');
        await this.publish();
    }

    /** The camera may need seconds or a permission, so the call does not wait for it. */
    startCameraWithCall(stream: LocalVideoStream): void {
        this.startCamera(stream).catch(error => {
            if (!this.requests.isOver) this.local.setError('camera', asCallingError(error, 'cameraBusy'));
        });
    }

    /** Stops the camera if it is `stream`, as given to `startCamera`. */
    async stopCameraOf(stream: LocalVideoStream): Promise<void> {
        this.requests.mustBeAlive();
        const camera = this.local.stream('camera');
        if (!camera) throw callingError('videoAlreadyOff');
        if (camera !== stream) throw callingError('videoNotOn');
        await this.stopCamera();
    }

    async startScreen(stream?: LocalVideoStream): Promise<void> {
        if (this.local.stream('screen')) throw callingError('shareAlreadyOn');
        await this.local.startScreen(stream);
        const screen = this.local.stream('screen');
        if (!screen) throw callingError('callEnded');
        this.screen = true;
        this.emit('updated', { added: [screen], removed: [] });
        this.emit('screenChanged');
        await this.publish();
    }

    /** Stops the screen if it is `stream`, which need not be told. */
    async stopScreenOf(stream?: LocalVideoStream): Promise<void> {
        this.requests.mustBeAlive();
        const screen = this.local.stream('screen');
        if (!screen) throw callingError('shareAlreadyOff');
        if (stream && stream !== screen) throw callingError('videoNotOn');
        await this.stopScreen();
    }

    async stopScreen(): Promise<void> {
        const screen = this.local.stream('screen');
        if (!screen) return;
        await this.local.stopPicture('screen');
        this.screen = false;
        this.emit('updated', { added: [], removed: [screen] });
        this.emit('screenChanged');
        await this.publish();
    }

    /** Says again what is sent if the server thinks otherwise. */
    reconcile(known: { camera: boolean; screen: boolean }): void {
        if (known.camera !== this.camera || known.screen !== this.screen) this.publish().catch(() => {});
    }

    /** The call is over. */
    clear(): void {
        this.camera = this.screen = false;
    }

    private async stopCamera(): Promise<void> {
        const camera = this.local.stream('camera');
        if (!camera) return;
        await this.local.stopPicture('camera');
        this.camera = false;
        this.emit('updated', { added: [], removed: [camera] });
        this.emit('cameraChanged');
        await this.publish();
    }

    private async publish(): Promise<void> {
        // Before the call has its id nothing can be said; the call reconciles when it has.
        if (!this.requests.isEstablished || this.requests.isOver) return;
        await this.requests.send('call.publish', { camera: this.camera, screen: this.screen });
    }
}
