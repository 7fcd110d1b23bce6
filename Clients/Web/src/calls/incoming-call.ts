import { callEndReason, type CallEndReason } from '../call-end-reason';
import { callingError } from '../errors';
import { EventSource } from '../events';
export type { RejectReason } from '../signalling/protocol';
import type { RejectReason, WireIncomingCall, WireReason } from '../signalling/protocol';
import type { Call } from './call';
import type { AcceptCallOptions } from './call-options';
import { callerOf, type CallerInfo } from './call-types';

export interface IncomingCallEvents {
    /** It no longer rings: accepted, rejected, cancelled, answered elsewhere, or nobody answered in time. */
    callEnded: { callEndReason: CallEndReason | undefined };
}

/** @internal What an incoming call needs of its agent. */
export interface IncomingCallHost {
    accept(incoming: IncomingCall, options: AcceptCallOptions): Promise<Call>;
    reject(incoming: IncomingCall, reason?: RejectReason): Promise<void>;
}

/** A call that rings on this device. */
export class IncomingCall extends EventSource<IncomingCallEvents> {
    /** The id that the {@link Call} will have. */
    readonly id: string;
    readonly callerInfo: CallerInfo;
    /** Our addition: whether it is an invitation into a group call. */
    readonly isGroupCall: boolean;
    private readonly groupId: string | undefined;
    private endReason: CallEndReason | undefined;
    private ringing = true;

    /** @internal */
    constructor(wire: WireIncomingCall, private readonly host: IncomingCallHost) {
        super();
        this.id = wire.callId;
        this.callerInfo = callerOf(wire.from.userId, wire.from.displayName);
        this.isGroupCall = wire.kind === 'group';
        this.groupId = wire.groupId ?? undefined;
    }

    get kind(): 'IncomingCall' {
        return 'IncomingCall';
    }

    get info(): { readonly groupId: string | undefined } {
        return { groupId: this.groupId };
    }

    /** Why it no longer rings; undefined while it rings and when it was accepted here. */
    get callEndReason(): CallEndReason | undefined {
        return this.endReason;
    }

    /** Takes the call. */
    async accept(options: AcceptCallOptions = {}): Promise<Call> {
        if (!this.ringing) throw callingError('acceptNotRinging');
        this.stopRinging();
        return this.host.accept(this, options);
    }

    /** Declines the call. Our addition: with `busy` the caller learns that the person is in another call (486). */
    async reject(options: { reason?: RejectReason } = {}): Promise<void> {
        if (!this.ringing) throw callingError('rejectNotRinging');
        this.stopRinging({ code: 603, subCode: 0, message: 'The call was declined here.' });
        await this.host.reject(this, options.reason);
    }

    /** @internal */
    stopRinging(reason?: WireReason): void {
        if (!this.ringing) return;
        this.ringing = false;
        this.endReason = reason && callEndReason(reason);
        this.emit('callEnded', { callEndReason: this.endReason });
    }
}
