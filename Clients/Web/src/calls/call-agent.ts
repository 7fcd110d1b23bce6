import type { CommunicationTokenCredential } from '../credential';
import type { DeviceManager } from '../devices/device-manager';
import { callingError, type CallingError } from '../errors';
import { EventSource, type CollectionUpdatedEvent } from '../events';
import { isCommunicationUserIdentifier, type CommunicationIdentifier } from '../identifiers';
import { IceServers, type NetworkConfiguration } from '../media/ice-servers';
import type { SignallingConnection } from '../signalling/connection';
import type { CallPush, RejectReason, SessionPush, WireIncomingCall, WireReason, WireWelcome } from '../signalling/protocol';
import { Call } from './call';
import type { AcceptCallOptions, CallOptions, GroupLocator, JoinCallOptions, StartCallOptions } from './call-options';
import { callerOf, isBegunBy, type Beginning, type CallerInfo } from './call-types';
import { IncomingCall } from './incoming-call';

export type ConnectionState = 'Connected' | 'Disconnected';

export interface CallAgentEvents {
    callsUpdated: CollectionUpdatedEvent<Call>;
    incomingCall: { incomingCall: IncomingCall };
    connectionStateChanged: { oldState: ConnectionState; newState: ConnectionState };
    /** Our addition: the agent is of no more use, since the server no longer accepts it or `dispose` was called. */
    sessionEnded: CallingError;
    /** Our addition: the server is about to stop; calls may be interrupted. */
    serverClosing: { reason: string; inSeconds: number };
}

/** Pushes of calls whose id is not known yet are kept up to this number. */
const mostEarlyPushes = 200;

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One user on this device: makes calls and is called. */
export class CallAgent extends EventSource<CallAgentEvents> {
    private readonly current = new Set<Call>();
    private readonly ringing = new Map<string, IncomingCall>();
    private earlyPushes: CallPush[] = [];
    private state: ConnectionState = 'Connected';
    private readonly disposers: (() => void)[] = [];
    /** @internal */ readonly iceServers: IceServers;

    /** @internal */
    constructor(
        /** @internal */ readonly connection: SignallingConnection,
        /** @internal */ readonly devices: DeviceManager,
        private readonly credential: CommunicationTokenCredential,
        private readonly self: { userId: string; displayName: string | undefined },
        network?: NetworkConfiguration,
    ) {
        super();
        this.iceServers = new IceServers(connection, network);
        connection.on('push', push => this.pushed(push));
        connection.on('welcome', welcome => this.welcomed(welcome));
        connection.on('openChanged', () => this.setState(connection.isOpen ? 'Connected' : 'Disconnected'));
        connection.on('sessionLost', cause => this.endEverything(cause));
        connection.on('closed', cause => {
            this.endEverything(cause);
            this.tidyUp();
            this.emit('sessionEnded', cause);
        });
        this.watchNetwork();
        this.watchToken();
    }

    get kind(): 'CallAgent' {
        return 'CallAgent';
    }

    get calls(): readonly Call[] {
        return [...this.current];
    }

    get displayName(): string | undefined {
        return this.self.displayName;
    }

    /** Our addition: the user of the access token. */
    get identifier(): CommunicationIdentifier {
        return { communicationUserId: this.self.userId };
    }

    /** Whether the server is reached. A lost connection is made again by itself. */
    get connectionState(): ConnectionState {
        return this.state;
    }

    /** Calls one person, or several into a group call. The call is there at once; its `state` tells how it goes. */
    startCall(participants: CommunicationIdentifier[], options: StartCallOptions = {}): Call {
        if (!Array.isArray(participants) || participants.length === 0) {
            throw callingError('invalidArgument', 'startCall needs at least one person to call.');
        }
        const targets = participants.map(identifier => {
            if (!isCommunicationUserIdentifier(identifier)) throw callingError('invalidIdentifier');
            return identifier.communicationUserId;
        });
        return this.begin({ type: 'call.start', targets }, callerOf(this.self.userId, this.self.displayName), options);
    }

    /** Joins the group call of that GUID, which begins with the first to join. */
    join(locator: GroupLocator, options: JoinCallOptions = {}): Call {
        const groupId = String(locator?.groupId).trim().toLowerCase();
        if (!guid.test(groupId)) throw callingError('invalidGroupId', undefined, groupId);
        return this.begin({ type: 'call.join', groupId }, callerOf(this.self.userId, this.self.displayName), options);
    }

    /** Hangs up all calls and signs off. */
    async dispose(): Promise<void> {
        await Promise.all([...this.current].map(call => call.hangUp()));
        this.connection.close();
    }

    // -- for calls

    /** @internal */
    identified(call: Call): void {
        const early = this.earlyPushes;
        this.earlyPushes = early.filter(push => push.callId !== call.id);
        for (const push of early) if (push.callId === call.id) call.apply(push);
    }

    /** @internal */
    ended(call: Call): void {
        if (this.current.delete(call)) this.emit('callsUpdated', { added: [], removed: [call] });
        if (!this.isBeginning) this.earlyPushes = [];
    }

    /** @internal */
    async accept(incoming: IncomingCall, options: AcceptCallOptions): Promise<Call> {
        this.ringing.delete(incoming.id);
        const call = this.make({ type: 'call.accept', callId: incoming.id }, incoming.callerInfo, options);
        const failure = await call.begin(options);
        if (failure) throw failure;
        return call;
    }

    /** @internal */
    async reject(incoming: IncomingCall, reason?: RejectReason): Promise<void> {
        this.ringing.delete(incoming.id);
        await this.connection.request('call.reject', { callId: incoming.id, ...(reason && { reason }) });
    }

    // -- inside

    private begin(beginning: Beginning, caller: CallerInfo, options: CallOptions): Call {
        const call = this.make(beginning, caller, options);
        void call.begin(options);
        return call;
    }

    private make(beginning: Beginning, caller: CallerInfo, options: CallOptions): Call {
        const call = new Call(this, beginning, caller, options);
        this.current.add(call);
        this.emit('callsUpdated', { added: [call], removed: [] });
        return call;
    }

    private get isBeginning(): boolean {
        return [...this.current].some(call => call.info.participantId === '');
    }

    private pushed(push: CallPush | SessionPush): void {
        switch (push.type) {
            case 'incomingCall':
                this.rings(push);
                return;
            case 'incomingCallEnded':
                this.ringing.get(push.callId)?.stopRinging(push.reason);
                this.ringing.delete(push.callId);
                return;
            case 'tokenExpiring':
                this.renewToken();
                return;
            case 'serverClosing':
                this.emit('serverClosing', { reason: push.reason, inSeconds: push.inSeconds });
                return;
            default: {
                const call = [...this.current].find(it => it.id === push.callId && it.info.participantId !== '');
                if (call) call.apply(push);
                else if (this.isBeginning && this.earlyPushes.length < mostEarlyPushes) this.earlyPushes.push(push);
            }
        }
    }

    private rings(wire: WireIncomingCall): void {
        // After a resumed connection calls that still ring are told again.
        if (this.ringing.has(wire.callId)) return;
        const incomingCall = new IncomingCall(wire, this);
        this.ringing.set(wire.callId, incomingCall);
        this.emit('incomingCall', { incomingCall });
    }

    private welcomed(welcome: WireWelcome): void {
        if (!welcome.resumed) return;
        const unknown = welcome.calls.filter(snapshot => {
            const call = [...this.current].find(it => it.id === snapshot.callId && it.info.participantId !== '');
            call?.adopt(snapshot);
            return !call;
        });
        for (const snapshot of unknown) {
            const beginning = [...this.current].filter(it => it.info.participantId === '');
            const call = beginning.find(it => isBegunBy(it.beginning, snapshot));
            if (call) call.adopt(snapshot);
            else if (snapshot.state !== 'Disconnected') {
                const hangUp = { callId: snapshot.callId, forEveryone: false };
                this.connection.request('call.hangUp', hangUp).catch(() => {});
            }
        }
        const known = new Set(welcome.calls.map(snapshot => snapshot.callId));
        for (const call of [...this.current]) {
            if (call.info.participantId !== '' && !known.has(call.id)) {
                call.end({ code: 0, subCode: 0, message: 'The call ended while this device was not connected.' });
            }
        }
        void this.dropStaleRinging();
    }

    /** Ends incoming calls that the server did not mention again after the connection was resumed. */
    private async dropStaleRinging(): Promise<void> {
        const before = new Set(this.ringing.keys());
        if (before.size === 0) return;
        const mention = (push: CallPush | SessionPush) => {
            if (push.type === 'incomingCall') before.delete(push.callId);
        };
        this.connection.on('push', mention);
        // The answer to a ping comes after everything that the server had to say about the past.
        await this.connection.barrier();
        this.connection.off('push', mention);
        if (!this.connection.isOpen) return;
        for (const callId of before) {
            this.ringing.get(callId)?.stopRinging({ code: 487, subCode: 0, message: 'The call was cancelled.' });
            this.ringing.delete(callId);
        }
    }

    private setState(newState: ConnectionState): void {
        const oldState = this.state;
        if (newState === oldState) return;
        this.state = newState;
        this.emit('connectionStateChanged', { oldState, newState });
    }

    private endEverything(cause: WireReason): void {
        for (const incoming of this.ringing.values()) incoming.stopRinging(cause);
        this.ringing.clear();
        for (const call of [...this.current]) call.end(cause);
    }

    private tidyUp(): void {
        for (const dispose of this.disposers.splice(0)) dispose();
        this.setState('Disconnected');
    }

    private watchToken(): void {
        const observe = (this.credential as { observe?(observer: (token: string) => void): () => void }).observe;
        if (!observe) return;
        this.disposers.push(
            observe.call(this.credential, token => {
                if (!this.connection.isOpen) return;
                this.connection
                    .request('token', { token })
                    .catch(error => console.warn('The server did not take the new access token:', error));
            }),
        );
    }

    private renewToken(): void {
        // The new token reaches the server through `watchToken`.
        this.credential.getToken({ forceRefresh: true }).catch(error => {
            console.warn('The access token is about to end and could not be renewed:', error);
        });
    }

    private watchNetwork(): void {
        if (typeof window === 'undefined') return;
        const listen = (target: EventTarget | undefined, event: string, listener: (event: Event) => void) => {
            target?.addEventListener(event, listener);
            this.disposers.push(() => target?.removeEventListener(event, listener));
        };
        const changed = () => {
            this.connection.networkChanged();
            for (const call of this.current) call.networkChanged();
        };
        listen(window, 'online', changed);
        listen(window, 'pageshow', event => {
            // Back from the browser's cache of pages, where connections do not live.
            if ((event as PageTransitionEvent).persisted) changed();
        });
        const information = (navigator as { connection?: EventTarget & { type?: string } }).connection;
        let type = information?.type;
        listen(information, 'change', () => {
            // It also tells of every other guess at the speed, which is no other network.
            if (information?.type === type) this.connection.networkChanged();
            else changed();
            type = information?.type;
        });
        listen(window, 'pagehide', event => {
            // Says goodbye when the tab is closed, so that the others need not wait for a time-out.
            if (!(event as PageTransitionEvent).persisted) this.connection.close();
        });
    }
}
