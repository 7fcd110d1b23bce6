import { EventSource } from '../events';

export interface VolumeEvents {
    levelChanged: void;
}

/** How often the level is measured, milliseconds. */
const interval = 100;
/** How long it is measured after the level was read the last time, if nobody listens; milliseconds. */
const interestAfterReading = 5_000;

/** The loudness of an audio stream. It is measured while `levelChanged` has listeners or `level` is read. */
export class Volume extends EventSource<VolumeEvents> {
    private current = 0;
    private readAt = -Infinity;
    private timer: ReturnType<typeof setInterval> | undefined;
    private context: AudioContext | undefined;

    /** @internal */
    constructor(private readonly stream: () => MediaStream | undefined) {
        super();
    }

    /** From 0 (silence) to 100. */
    get level(): number {
        this.readAt = Date.now();
        this.start();
        return this.current;
    }

    /** @internal */
    protected override listenersChanged(): void {
        if (this.isWanted) this.start();
        else this.stop();
    }

    /** @internal Measures anew, after the stream got another track. */
    restart(): void {
        this.stop();
        if (this.isWanted) this.start();
    }

    private get isWanted(): boolean {
        return this.hasListeners('levelChanged') || Date.now() - this.readAt < interestAfterReading;
    }

    private start(): void {
        const stream = this.stream();
        if (this.context || !stream || stream.getAudioTracks().length === 0) return;
        if (typeof AudioContext === 'undefined') return;
        this.context = new AudioContext();
        // On a page that nobody has touched yet it would wait for ever otherwise.
        void this.context.resume?.().catch(() => {});
        const analyser = this.context.createAnalyser();
        analyser.fftSize = 1024;
        this.context.createMediaStreamSource(stream).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        this.timer = setInterval(() => {
            if (!this.isWanted) {
                this.stop();
                return;
            }
            analyser.getFloatTimeDomainData(samples);
            let sum = 0;
            for (const sample of samples) sum += sample * sample;
            // From -60 dBFS (0) to full scale (100): what is heard goes with the logarithm.
            const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
            const level = Math.round(Math.min(100, Math.max(0, ((decibels + 60) / 60) * 100)));
            if (level === this.current) return;
            this.current = level;
            this.emit('levelChanged');
        }, interval);
    }

    /** @internal */
    stop(): void {
        clearInterval(this.timer);
        void this.context?.close();
        this.context = undefined;
        this.current = 0;
    }
}
