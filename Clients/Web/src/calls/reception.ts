import { EventSource } from '../events';
import type { CallPush, WireSlot, WireSlotAllocation } from '../signalling/protocol';

type AllocationPush = Extract<CallPush, { type: 'media.allocation' }>;

/** What the server says it sends to this device: who is in each slot, how much of them, and why not more. */
export class Reception extends EventSource<{ allocationChanged: void }> {
    private readonly slots = new Map<string, WireSlot>();
    private last: AllocationPush | undefined;

    applySlots(slots: readonly WireSlot[]): void {
        for (const slot of slots) this.slots.set(slot.mid, slot);
    }

    applyAllocation(push: AllocationPush): void {
        this.last = push;
        this.emit('allocationChanged');
    }

    /** Who is in a slot. */
    slot(mid: string): WireSlot | undefined {
        return this.slots.get(mid);
    }

    /** What is sent into a slot. */
    allocation(mid: string): WireSlotAllocation | undefined {
        return this.last?.slots.find(slot => slot.mid === mid);
    }

    /** Whether a picture is kept back because not even the smallest fits into the link. */
    get isPaused(): boolean {
        return this.last?.slots.some(slot => slot.reason === 'paused') ?? false;
    }

    /** What this device can receive as the server reckons, and how that develops. */
    get link(): Pick<AllocationPush, 'availableBitrate' | 'state'> | undefined {
        return this.last;
    }
}
