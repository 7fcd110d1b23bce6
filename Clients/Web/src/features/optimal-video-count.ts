import type { Reception } from '../calls/reception';
import { EventSource } from '../events';
import { maximumVideoSlots } from '../media/slot-table';
import type { CallFeatureContext } from './call-feature-context';
import type { BaseFeature } from './feature';

/** What a small picture needs to look like something, bits a second. */
const bitrateOfPicture = 150_000;
/** How many pictures one core decodes beside everything else that it does. */
const picturesByCore = 3;
/** Telephones have small screens and grow hot. */
const mostOnPhones = 6;
/** Only these numbers are given, so that a gallery is not laid out anew at every change of the estimate. */
const steps = [1, 2, 4, 6, 9, 12, 16, 20, maximumVideoSlots];
/** How long a larger number must hold until it is given, milliseconds; a smaller one is given at once. */
const patience = 5_000;

/** How many cameras this device can well show, as its processor and its link are. */
export class OptimalVideoCountCallFeature
    extends EventSource<{ optimalVideoCountChanged: void }>
    implements BaseFeature
{
    readonly name = 'OptimalVideoCount';
    private readonly reception: Reception;
    private readonly mostHere = step(mostPictures());
    private current = this.mostHere;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private candidate = 0;

    /** @internal */
    constructor({ media }: CallFeatureContext) {
        super();
        this.reception = media.reception;
        this.reception.on('allocationChanged', this.measure);
        this.set(this.goal());
    }

    get optimalVideoCount(): number {
        return this.current;
    }

    dispose(): void {
        this.reception.off('allocationChanged', this.measure);
        clearTimeout(this.timer);
    }

    private readonly measure = () => {
        const goal = this.goal();
        if (goal <= this.current) {
            clearTimeout(this.timer);
            this.timer = undefined;
            this.set(goal);
            return;
        }
        // What is given at last is the least that was possible all the time.
        this.candidate = this.timer === undefined ? goal : Math.min(goal, this.candidate);
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            this.set(this.candidate);
        }, patience);
    };

    private goal(): number {
        const { availableBitrate = null, state = null } = this.reception.link ?? {};
        if (availableBitrate === null) return this.current;
        const possible = step(Math.min(this.mostHere, Math.floor(availableBitrate / bitrateOfPicture)));
        // Where little is sent the estimate says little of what could be.
        return state === 'applicationLimited' ? Math.max(possible, this.current) : possible;
    }

    private set(count: number): void {
        if (count === this.current) return;
        this.current = count;
        this.emit('optimalVideoCountChanged');
    }
}

function step(count: number): number {
    return steps.filter(it => it <= count).at(-1) ?? 1;
}

function mostPictures(): number {
    const { hardwareConcurrency = 4, userAgent = '' } = navigator;
    const byCores = hardwareConcurrency * picturesByCore;
    return Math.min(/Mobi|Android/.test(userAgent) ? mostOnPhones : maximumVideoSlots, Math.max(byCores, 4));
}
