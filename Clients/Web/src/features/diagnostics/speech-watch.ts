import { Volume } from '../../streams/volume';
import type { CallFeatureContext } from '../call-feature-context';

/** How loud speech is at least, of 100; −30 dBFS, well above the noise of a room. */
const speechLevel = 50;
/** How long it must be that loud until it is called speech, and silent until it is over; milliseconds. */
const speechPatience = 300;
const silencePatience = 2_000;
/** Silence between two syllables or words is no longer than this, and the loud time before it still counts; milliseconds. */
const wordGap = 500;

/**
 * Tells when somebody talks into a microphone that is closed in the call.
 *
 * A closed microphone delivers silence, so a copy of its track is listened to, on this device alone.
 */
export class SpeechWatch {
    private copy: MediaStream | undefined;
    private readonly volume = new Volume(() => this.copy);
    private timer: ReturnType<typeof setTimeout> | undefined;
    private isSpeaking = false;
    private wasLoud = false;
    /** How long it was loud before `changedAt`, without a gap that is longer than one between words; milliseconds. */
    private loudTime = 0;
    private changedAt = 0;

    constructor(
        private readonly context: CallFeatureContext,
        private readonly changed: (isSpeaking: boolean) => void,
    ) {
        context.microphone.on('mutedChanged', this.update);
        context.media.local.microphone.on('trackChanged', this.restart);
        this.update();
    }

    stop(): void {
        this.context.microphone.off('mutedChanged', this.update);
        this.context.media.local.microphone.off('trackChanged', this.restart);
        this.end();
    }

    private readonly restart = () => {
        this.end();
        this.update();
    };

    private readonly update = () => {
        if (!this.context.microphone.isMuted) {
            this.end();
            return;
        }
        const track = this.context.media.local.microphone.current?.getAudioTracks()[0];
        if (this.copy || !track || typeof AudioContext === 'undefined') return;
        const copy = track.clone();
        copy.enabled = true;
        this.copy = new MediaStream([copy]);
        this.volume.on('levelChanged', this.levelChanged);
    };

    private end(): void {
        this.volume.off('levelChanged', this.levelChanged);
        for (const track of this.copy?.getTracks() ?? []) track.stop();
        this.copy = undefined;
        this.wasLoud = false;
        this.loudTime = 0;
        clearTimeout(this.timer);
        this.set(false);
    }

    private readonly levelChanged = () => {
        const isLoud = this.volume.level >= speechLevel;
        if (isLoud === this.wasLoud) return;
        this.wasLoud = isLoud;
        const lasted = Date.now() - this.changedAt;
        this.changedAt = Date.now();
        if (!isLoud) this.loudTime += lasted;
        else if (lasted > wordGap) this.loudTime = 0;
        clearTimeout(this.timer);
        if (isLoud === this.isSpeaking) return;
        const patience = isLoud ? speechPatience - this.loudTime : silencePatience;
        this.timer = setTimeout(() => this.set(isLoud), patience);
    };

    private set(isSpeaking: boolean): void {
        if (isSpeaking === this.isSpeaking) return;
        this.isSpeaking = isSpeaking;
        this.changed(isSpeaking);
    }
}
