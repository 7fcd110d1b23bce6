import type { MediaSession } from '../media/media-session';
import { initialVideoSlots, maximumVideoSlots, SlotTable } from '../media/slot-table';
import type { WireSlot, WireSlotWish } from '../signalling/protocol';
import type { RemoteVideoStream } from '../streams/remote-video-stream';
import type { Roster } from './roster';

/** Slots are added up to the next of these numbers, so that a growing gallery costs few negotiations. */
const steps = [initialVideoSlots, 9, 16, maximumVideoSlots];

const noFreeSlot = {
    reason: 'noFreeSlot',
    message: `No more than ${maximumVideoSlots} cameras and one screen can be shown at the same time.`,
};

/** Brings the remote pictures that somebody looks at into the slots of the media session. */
export class RemoteVideos {
    private readonly table = new SlotTable();
    private readonly wanted = new Set<RemoteVideoStream>();
    private scheduled = false;
    private growing = false;
    private paused = false;
    private closed = false;

    constructor(
        private readonly media: MediaSession,
        private readonly roster: Roster,
        private readonly receive: (slots: WireSlotWish[]) => Promise<void>,
    ) {
        media.on('slotsChanged', () => {
            this.table.setSlots(media.slots('videoSlot'), media.slots('screenSlot'));
            this.schedule();
        });
    }

    /** Somebody began or ceased to look at `stream`, at another size perhaps. */
    demandChanged(stream: RemoteVideoStream): void {
        if (this.closed) return;
        const demand = stream.demand;
        if (demand) {
            this.wanted.add(stream);
            if (!this.paused) this.table.want(stream.participantId, stream.wireSource, demand);
        } else if (this.wanted.delete(stream)) {
            this.table.unwant(stream.participantId, stream.wireSource);
            stream.setSlot(undefined);
        }
        this.schedule();
    }

    /** Takes over what the server says is in the slots. */
    apply(slots: WireSlot[]): void {
        for (const slot of slots) {
            const wish = this.table.wishIn(slot.mid);
            if (!wish) continue;
            const stream = this.roster.stream(wish.participantId, wish.source);
            if (slot.participantId === wish.participantId && slot.source === wish.source) {
                const whyNot =
                    slot.state === 'unavailable'
                        ? { reason: slot.reason ?? 'unavailable', message: slot.message ?? '' }
                        : undefined;
                stream?.setReception(slot.state === 'active', whyNot);
            } else {
                // What the slot showed before; our wish has not been carried out yet.
                stream?.setReception(false);
            }
        }
    }

    /** Receives nothing while the call is on hold. */
    setPaused(paused: boolean): void {
        if (paused === this.paused) return;
        this.paused = paused;
        if (paused) {
            this.table.clear();
            for (const stream of this.wanted) stream.setSlot(undefined);
            this.schedule();
        } else {
            for (const stream of this.wanted) this.demandChanged(stream);
        }
    }

    /** Tells the server everything again. */
    resynchronise(): void {
        this.table.forgetTold();
        this.schedule();
    }

    close(): void {
        this.closed = true;
        for (const stream of this.wanted) stream.setSlot(undefined);
        this.wanted.clear();
    }

    private schedule(): void {
        if (this.scheduled) return;
        this.scheduled = true;
        // One message for all that changes in one go, such as the sizes of all views of a gallery.
        setTimeout(() => {
            this.scheduled = false;
            if (!this.closed) this.flush();
        }, 0);
    }

    private flush(): void {
        const negotiated = this.media.slots('videoSlot').length > 0;
        if (!negotiated) return;
        const missing = this.table.missingVideoSlots;
        if (missing > 0) this.grow(missing);
        for (const stream of this.paused ? [] : this.wanted) {
            const mid = this.table.slotOf(stream.participantId, stream.wireSource);
            if (mid !== undefined) stream.setSlot(this.media.slotStream(mid));
            else if (missing === 0) stream.setReception(false, noFreeSlot);
        }
        const changes = this.table.takeChanges();
        if (changes.length === 0) return;
        this.receive(changes).catch(() => this.table.forgetTold());
    }

    private grow(missing: number): void {
        if (this.growing) return;
        this.growing = true;
        const wanted = this.media.slots('videoSlot').length + missing;
        const goal = steps.find(step => step >= wanted) ?? maximumVideoSlots;
        this.media
            .growVideoSlots(goal)
            .catch(error => console.warn('More video slots could not be had:', error))
            .finally(() => {
                this.growing = false;
            });
    }
}
