/** The tones of a telephone, made by the browser: the bell of a called one, and what a caller hears meanwhile. */
export class Ring {
    private context: AudioContext | undefined;
    private timer: ReturnType<typeof setInterval> | undefined;

    /** Rings until `stop`. Pages that nobody has touched yet stay silent: browsers want it so. */
    start(kind: 'called' | 'calling'): void {
        this.stop();
        const context = (this.context ??= new AudioContext());
        void context.resume();
        const once = () => {
            if (kind === 'calling') this.tone([440, 480], 0, 1.2, 0.04);
            else [659, 784, 988, 784].forEach((pitch, index) => this.tone([pitch], index * 0.18, 0.16, 0.12));
        };
        once();
        this.timer = setInterval(once, kind === 'calling' ? 4000 : 2000);
    }

    stop(): void {
        clearInterval(this.timer);
        this.timer = undefined;
    }

    private tone(pitches: number[], delay: number, length: number, loudness: number): void {
        const context = this.context;
        if (!context || context.state !== 'running') return;
        const begin = context.currentTime + delay;
        const gain = context.createGain();
        // Short ramps, because a tone that begins at full strength clicks.
        gain.gain.setValueAtTime(0, begin);
        gain.gain.linearRampToValueAtTime(loudness, begin + 0.02);
        gain.gain.setValueAtTime(loudness, begin + length - 0.04);
        gain.gain.linearRampToValueAtTime(0, begin + length);
        gain.connect(context.destination);
        for (const pitch of pitches) {
            const oscillator = context.createOscillator();
            oscillator.frequency.value = pitch;
            oscillator.connect(gain);
            oscillator.start(begin);
            oscillator.stop(begin + length);
        }
    }
}
