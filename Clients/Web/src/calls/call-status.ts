import { callEndReason, type CallEndReason } from '../call-end-reason';
import { EventSource } from '../events';
import type { WireReason } from '../signalling/protocol';
import type { Beginning, CallState } from './call-types';

/** How far a call is, and what kind of call it is. */
export class CallStatus extends EventSource<{ stateChanged: void; groupChanged: void }> {
    private current: CallState = 'None';
    private reason: CallEndReason | undefined;
    private group: boolean;
    groupId: string | undefined;

    constructor(beginning: Beginning) {
        super();
        const targets = beginning.type === 'call.start' ? beginning.targets.length : 0;
        this.group = beginning.type === 'call.join' || targets > 1;
        if (beginning.type === 'call.join') this.groupId = beginning.groupId;
    }

    get state(): CallState {
        return this.current;
    }

    get isOver(): boolean {
        return this.current === 'Disconnected';
    }

    get endReason(): CallEndReason | undefined {
        return this.reason;
    }

    get isGroup(): boolean {
        return this.group;
    }

    /** The call is over, for that reason; the state follows when everything has been cleared away. */
    setEndReason(reason: WireReason): void {
        this.reason = callEndReason(reason);
    }

    setState(state: CallState): void {
        if (state === this.current) return;
        this.current = state;
        this.emit('stateChanged');
    }

    setGroup(group: boolean): void {
        if (group === this.group) return;
        this.group = group;
        this.emit('groupChanged');
    }
}
