import { browserDeviceId } from '../devices/device-info';

/**
 * Plays the audio slots of a call through hidden audio elements, one each, on a chosen loudspeaker.
 *
 * Browsers refuse to play on a page that nobody has touched yet. Then `isBlocked` is true, and the next click, touch or
 * key makes it play.
 */
export class AudioOutput {
    private readonly elements: HTMLAudioElement[] = [];
    private blocked = false;
    private muted = false;
    private closed = false;

    constructor(
        private speakerId: string | undefined,
        private readonly blockedChanged: () => void,
    ) {}

    get isBlocked(): boolean {
        return this.blocked;
    }

    /** Plays one more track. */
    add(track: MediaStreamTrack): void {
        const element = document.createElement('audio');
        element.autoplay = true;
        element.hidden = true;
        element.muted = this.muted;
        element.srcObject = new MediaStream([track]);
        document.body.appendChild(element);
        this.elements.push(element);
        this.route(element);
        this.play();
    }

    /** Silences the call, or makes it heard again. */
    setMuted(muted: boolean): void {
        this.muted = muted;
        for (const element of this.elements) element.muted = muted;
    }

    /** Plays on another loudspeaker. */
    setSpeaker(id: string | undefined): void {
        this.speakerId = id;
        for (const element of this.elements) this.route(element);
    }

    /** Tries again to play what the browser had refused. */
    play(): void {
        if (this.closed) return;
        void Promise.all(this.elements.map(element => element.play())).then(
            () => this.setBlocked(false),
            (error: { name?: string }) => {
                if (error.name === 'NotAllowedError') this.setBlocked(true);
            },
        );
    }

    close(): void {
        this.closed = true;
        this.listen(false);
        for (const element of this.elements) {
            element.srcObject = null;
            element.remove();
        }
    }

    private readonly touched = () => this.play();

    private setBlocked(blocked: boolean): void {
        if (blocked === this.blocked || this.closed) return;
        this.blocked = blocked;
        this.listen(blocked);
        this.blockedChanged();
    }

    private listen(on: boolean): void {
        for (const event of ['pointerup', 'keydown'] as const) {
            if (on) document.addEventListener(event, this.touched);
            else document.removeEventListener(event, this.touched);
        }
    }

    private route(element: HTMLAudioElement & { setSinkId?(id: string): Promise<void> }): void {
        if (this.speakerId === undefined || !element.setSinkId) return;
        element
            .setSinkId(browserDeviceId(this.speakerId))
            .catch(error => console.warn('The loudspeaker could not be used:', error));
    }
}
