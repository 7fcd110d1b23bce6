import { callingError } from '../errors';
import { randomId } from '../random-id';
import type { SignallingConnection } from '../signalling/connection';
import type { Requests, WireReply } from '../signalling/protocol';

/** The requests that are about a call. */
export type CallRequestType = {
    [Type in keyof Requests]: Requests[Type] extends { callId: string } ? Type : never;
}[keyof Requests];

/** Sends requests in the name of one call, once the server has made it. */
export class CallRequests {
    /** This device's own participant id; empty until the server has answered. */
    participantId = '';
    /** An id of our own making until the server has given the call its id. */
    callId = randomId();
    private over = false;
    private waiting: (() => void)[] = [];

    constructor(private readonly connection: SignallingConnection) {}

    /** Whether the server knows the call. */
    get isEstablished(): boolean {
        return this.participantId !== '';
    }

    get isOver(): boolean {
        return this.over;
    }

    /** The server has made the call, in which this device is `participantId`. */
    establish(participantId: string): void {
        this.participantId = participantId;
        this.release();
    }

    end(): void {
        this.over = true;
        this.release();
    }

    /** Resolves when the server knows the call, or when it is over. */
    async established(): Promise<void> {
        if (this.isEstablished || this.over) return;
        await new Promise<void>(resolve => this.waiting.push(resolve));
    }

    private release(): void {
        for (const resolve of this.waiting.splice(0)) resolve();
    }

    /** Whether a request would travel now. */
    get canTravel(): boolean {
        return this.connection.isOpen && this.isEstablished;
    }

    mustBeAlive(): void {
        if (this.isOver) throw callingError('callEnded');
    }

    async send<Type extends CallRequestType>(type: Type, members: Omit<Requests[Type], 'callId'>): Promise<WireReply> {
        this.mustBeAlive();
        if (!this.isEstablished) throw callingError('callNotConnected');
        return this.connection.request(type, { callId: this.callId, ...members } as unknown as Requests[Type]);
    }

    /** Tells the server to end the call, without caring for what it says. */
    async hangUp(callId: string, forEveryone = false): Promise<void> {
        await this.connection.request('call.hangUp', { callId, forEveryone }).catch(() => {});
    }
}
