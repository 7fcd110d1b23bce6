import type { VideoSource, WireSlotWish } from '../signalling/protocol';
import type { StreamSize } from '../streams/remote-video-stream';

/** The most video slots that a client may have. */
export const maximumVideoSlots = 25;
/** How many video slots a call begins with. */
export const initialVideoSlots = 4;

interface Wish {
    readonly key: string;
    readonly participantId: string;
    readonly source: VideoSource;
    size: StreamSize;
    mid: string | undefined;
}

const keyOf = (participantId: string, source: VideoSource) => `${participantId} ${source}`;

/**
 * Which remote picture is wanted in which slot.
 *
 * A wish keeps its slot until it is withdrawn, so that nobody's picture moves because somebody else's came or went.
 * Wishes without a slot wait in the order in which they came; `missingVideoSlots` says how many more would help.
 */
export class SlotTable {
    private readonly wishes = new Map<string, Wish>();
    private videoSlots: string[] = [];
    private screenSlots: string[] = [];
    /** What the server was last told of each slot. */
    private readonly told = new Map<string, string>();

    /** Sets which slots there are, by mid; existing ones must stay. */
    setSlots(video: readonly string[], screen: readonly string[]): void {
        this.videoSlots = [...video];
        this.screenSlots = [...screen];
        this.assign();
    }

    /** Asks for a picture at a size, or changes the size. */
    want(participantId: string, source: VideoSource, size: StreamSize): void {
        const key = keyOf(participantId, source);
        const wish = this.wishes.get(key);
        if (wish) wish.size = size;
        else this.wishes.set(key, { key, participantId, source, size, mid: undefined });
        this.assign();
    }

    /** Withdraws a wish. */
    unwant(participantId: string, source: VideoSource): void {
        this.wishes.delete(keyOf(participantId, source));
        this.assign();
    }

    /** Withdraws all wishes. */
    clear(): void {
        this.wishes.clear();
    }

    /** The slot of a wish. */
    slotOf(participantId: string, source: VideoSource): string | undefined {
        return this.wishes.get(keyOf(participantId, source))?.mid;
    }

    /** Whose wish a slot is for. */
    wishIn(mid: string): { participantId: string; source: VideoSource } | undefined {
        for (const wish of this.wishes.values()) if (wish.mid === mid) return wish;
        return undefined;
    }

    /** How many video slots to add so that each wish for a camera has one, within the limit. */
    get missingVideoSlots(): number {
        let wanted = 0;
        for (const wish of this.wishes.values()) if (wish.source === 'camera') wanted += 1;
        return Math.max(0, Math.min(wanted, maximumVideoSlots) - this.videoSlots.length);
    }

    /** What the server has not been told yet; it then counts as told. */
    takeChanges(): WireSlotWish[] {
        const changes: WireSlotWish[] = [];
        for (const mid of [...this.videoSlots, ...this.screenSlots]) {
            const wish = this.wishIn(mid);
            const message: WireSlotWish = wish ? this.message(mid, wish as Wish) : { mid, participantId: null };
            const text = JSON.stringify(message);
            // A slot that was never used is empty on the server as well.
            if (text === this.told.get(mid) || (!wish && !this.told.has(mid))) continue;
            this.told.set(mid, text);
            changes.push(message);
        }
        return changes;
    }

    /** Lets the next `takeChanges` name every used slot: after a resumed session, or when a request failed. */
    forgetTold(): void {
        for (const mid of this.told.keys()) this.told.set(mid, '');
    }

    private message(mid: string, wish: Wish): WireSlotWish {
        const { participantId, source, size } = wish;
        return { mid, participantId, source, width: size.width, height: size.height };
    }

    private assign(): void {
        const free = (slots: string[]) => {
            const used = new Set([...this.wishes.values()].map(wish => wish.mid));
            return slots.filter(mid => !used.has(mid));
        };
        const cameras = free(this.videoSlots);
        const screens = free(this.screenSlots);
        for (const wish of this.wishes.values()) {
            if (wish.mid === undefined) wish.mid = (wish.source === 'camera' ? cameras : screens).shift();
        }
    }
}
