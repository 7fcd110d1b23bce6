/** For how many looks in a row a layer must get other bits until its size follows. */
const looksUntilSmaller = 2;
const looksUntilLarger = 4;

/**
 * By how much a picture is made smaller that has to do with so many times fewer bits: its bits go with about the 1.8th
 * power of its lines. Few steps, since each one costs a key frame.
 */
export function stepFor(fewerBits: number): number {
    return [1.6, 4 / 3].find(step => fewerBits >= step ** 1.8) ?? 1;
}

/** Follows what a layer gets of its usual bit rate, down soon and up later. */
export class Shrinkage {
    step = 1;
    private looks = 0;

    constructor(readonly usualBitrate: number) {}

    /** Takes the present bit rate; tells whether the step is another one now. */
    take(bitrate: number): boolean {
        const wanted = stepFor(this.usualBitrate / bitrate);
        if (wanted === this.step) {
            this.looks = 0;
            return false;
        }
        this.looks += 1;
        if (this.looks < (wanted > this.step ? looksUntilSmaller : looksUntilLarger)) return false;
        this.step = wanted;
        this.looks = 0;
        return true;
    }
}
