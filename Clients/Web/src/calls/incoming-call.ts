import { callEndReason, type CallEndReason } from '../call-end-reason';
import { callingError, type CallingError } from '../errors';
import { EventSource } from '../events';
export type { RejectReason } from '../signalling/protocol';
import type { RejectReason, WireIncomingCall, WireReason } from '../signalling/protocol';
import type { Call } from './call';
import type { AcceptCallOptions, CustomContext } from './call-options';
import { callerOf, type CallerInfo } from './call-types';
import { contextFromWire } from './custom-context';

export enum IncomingCallKind {
    IncomingCall = 'IncomingCall',
    TeamsIncomingCall = 'TeamsIncomingCall',
}

export interface IncomingCallEvents {
    /** It no longer rings: accepted, rejected, cancelled, answered elsewhere, or nobody answered in time. */
    callEnded: { callEndReason: CallEndReason };
}

/** @internal What an incoming call needs of its agent. */
export interface IncomingCallHost {
    accept(incoming: IncomingCall, options: AcceptCallOptions): Promise<Call>;
    reject(incoming: IncomingCall, reason?: RejectReason): Promise<void>;
}

/** How far a ringing call is: somebody may have pressed a button whose effect the server has not confirmed. */
type Stage = 'ringing' | 'accepting' | 'over';

const acceptedHere: WireReason = { code: 0, subCode: 0, message: 'The call was accepted here.' };
const cancelled: WireReason = { code: 487, subCode: 0, message: 'The call was cancelled.' };

/** Refusals that mean that the call does not ring any more. */
const goneReasons = ['notRinging', 'answeredElsewhere', 'invalidState', 'callEnded', 'callNotFound'];

/** Those among them that a call is refused with which has not ended: somebody has answered it. */
const answeredReasons = ['answeredElsewhere', 'invalidState'];

/** A call that rings on this device. */
export class IncomingCall extends EventSource<IncomingCallEvents> {
    /** The id that the {@link Call} will have. */
    readonly id: string;
    readonly callerInfo: CallerInfo;
    /** What the caller's app tells. */
    readonly customContext: CustomContext | undefined;
    /** Our addition: whether it is an invitation into a group call. */
    readonly isGroupCall: boolean;
    private readonly groupId: string | undefined;
    private endReason: CallEndReason | undefined;
    private stage: Stage = 'ringing';
    /** What the server told while the answer to our `accept` was under way. */
    private told: WireReason | undefined;

    /** @internal */
    constructor(wire: WireIncomingCall, private readonly host: IncomingCallHost) {
        super();
        this.id = wire.callId;
        this.callerInfo = callerOf(wire.from.userId, wire.from.displayName);
        this.customContext = contextFromWire(wire.customContext);
        this.isGroupCall = wire.kind === 'group';
        this.groupId = wire.groupId ?? undefined;
    }

    get kind(): IncomingCallKind {
        return IncomingCallKind.IncomingCall;
    }

    get info(): { readonly groupId: string | undefined } {
        return { groupId: this.groupId };
    }

    /** Why it no longer rings; undefined while it rings. 0/0 when it was accepted here. */
    get callEndReason(): CallEndReason | undefined {
        return this.endReason;
    }

    /** Takes the call. */
    async accept(options: AcceptCallOptions = {}): Promise<Call> {
        if (this.stage !== 'ringing') throw callingError('acceptNotRinging', undefined, this.id);
        this.stage = 'accepting';
        const call = await this.host.accept(this, options);
        this.end(acceptedHere);
        return call;
    }

    /** Declines the call. Our addition: with `busy` the caller learns that the person is in another call (486). */
    async reject(options: { reason?: RejectReason } = {}): Promise<void> {
        if (this.stage !== 'ringing') throw callingError('rejectNotRinging', undefined, this.id);
        this.end({ code: 603, subCode: 0, message: 'The call was declined here.' });
        await this.host.reject(this, options.reason);
    }

    /** @internal */
    stopRinging(reason: WireReason): void {
        if (this.stage === 'ringing') this.end(reason);
        else if (this.stage === 'accepting') this.told ??= reason;
    }

    /**
     * @internal The server refused `accept`: ends the ringing, and gives the error for the app.
     *
     * Whoever pressed the button too late learns why: somebody else was faster, or the caller gave up.
     */
    acceptRefused(error: CallingError): CallingError {
        if (!goneReasons.includes(error.reason)) {
            this.end(error);
            return error;
        }
        const answered = callingError('answeredElsewhere', undefined, this.id);
        this.end(this.told ?? (answeredReasons.includes(error.reason) ? answered : cancelled));
        return this.endReason?.subCode === answered.subCode
            ? answered
            : callingError('acceptNotRinging', undefined, this.id);
    }

    private end(reason: WireReason): void {
        if (this.stage === 'over') return;
        this.stage = 'over';
        this.endReason = callEndReason(reason);
        this.emit('callEnded', { callEndReason: this.endReason });
    }
}
