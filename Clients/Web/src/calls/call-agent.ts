import type { CommunicationTokenCredential } from '../credential';
import type { DeviceManager } from '../devices/device-manager';
import { callingError, type CallingError } from '../errors';
import { EventSource, type CollectionUpdate } from '../events';
import type { CallAgentFeatureFactory } from '../features/feature';
import { FeatureSet } from '../features/feature-set';
import { notOffered } from '../features/idle-feature';
import type { CommunicationIdentifier, CommunicationIdentifierKind } from '../identifiers';
import { IceServers, type NetworkConfiguration } from '../media/ice-servers';
import type { SignallingConnection } from '../signalling/connection';
import type { CallPush, RejectReason, SessionPush, WireIncomingCall, WireReason, WireWelcome } from '../signalling/protocol';
import { Call } from './call';
import type {
    AcceptCallOptions,
    CallOptions,
    GroupLocator,
    JoinCallOptions,
    MeetingLocator,
    RoomLocator,
    StartCallOptions,
} from './call-options';
import { callerOf, isBegunBy, type Beginning, type CallerInfo } from './call-types';
import { calleeOf } from './callees';
import { contextToWire } from './custom-context';
import { IncomingCall } from './incoming-call';

export enum CallAgentKind {
    CallAgent = 'CallAgent',
    TeamsCallAgent = 'TeamsCallAgent',
}

export type ConnectionState = 'Connected' | 'Disconnected';

/** Why the server cannot be reached any more. */
export type ConnectionStateChangedReason = 'invalidToken' | 'connectionIssue';

export interface ConnectionStateChange {
    readonly oldValue: ConnectionState;
    readonly newValue: ConnectionState;
    readonly reason?: ConnectionStateChangedReason;
    /** The same as `oldValue` and `newValue`, under the names that they have in the documentation. */
    readonly oldState: ConnectionState;
    readonly newState: ConnectionState;
}

/** What a push service delivered. */
export interface PushNotificationData {
    incomingCallContext: string;
}

export interface CallAgentEvents {
    callsUpdated: CollectionUpdate<Call>;
    incomingCall: { incomingCall: IncomingCall };
    connectionStateChanged: ConnectionStateChange;
    /** Our addition: the agent is of no more use, since the server no longer accepts it or `dispose` was called. */
    sessionEnded: CallingError;
    /** Our addition: the server is about to stop; calls may be interrupted. */
    serverClosing: { reason: string; inSeconds: number };
}

/** Pushes of calls whose id is not known yet are kept up to this number. */
const mostEarlyPushes = 200;

/** How long a refused `accept` waits for the news why, milliseconds. */
const explanationPatience = 1_000;

/** Why an agent is signed off that has no token any more. */
const tokenReasons = ['unauthorized', 'noToken'];

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One user on this device: makes calls and is called. */
export class CallAgent extends EventSource<CallAgentEvents> {
    private readonly current = new Set<Call>();
    private readonly ringing = new Map<string, IncomingCall>();
    private earlyPushes: CallPush[] = [];
    private state: ConnectionState = 'Connected';
    private readonly disposers: (() => void)[] = [];
    private readonly features = new FeatureSet('callAgentApiCtor', 'a call agent', undefined);
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
        connection.on('openChanged', () => {
            this.setState(connection.isOpen ? 'Connected' : 'Disconnected', connection.cause);
        });
        connection.on('sessionLost', cause => this.endEverything(cause));
        connection.on('closed', cause => {
            this.endEverything(cause);
            this.tidyUp(cause);
            this.emit('sessionEnded', cause);
        });
        this.watchNetwork();
        this.watchToken();
    }

    get kind(): CallAgentKind {
        return CallAgentKind.CallAgent;
    }

    get calls(): readonly Call[] {
        return [...this.current];
    }

    get displayName(): string | undefined {
        return this.self.displayName;
    }

    /** Our addition: the user of the access token. */
    get identifier(): CommunicationIdentifierKind {
        return { kind: 'communicationUser', communicationUserId: this.self.userId };
    }

    /** @internal */
    get userId(): string {
        return this.self.userId;
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
        const { threadId, customContext } = options;
        if (threadId !== undefined) throw notOffered('A chat thread for a call', threadId);
        const targets = participants.map(calleeOf);
        const context = contextToWire(customContext);
        const beginning: Beginning = { type: 'call.start', targets, ...(context && { customContext: context }) };
        return this.begin(beginning, callerOf(this.self.userId, this.self.displayName), options);
    }

    /**
     * Joins the group call of that GUID, which begins with the first to join. Rooms and meetings are refused: they are
     * not offered yet.
     */
    join(locator: GroupLocator | RoomLocator | MeetingLocator, options: JoinCallOptions = {}): Call {
        for (const other of ['roomId', 'meetingLink', 'meetingId', 'threadId']) {
            const value = (locator as Record<string, unknown> | undefined)?.[other];
            if (value !== undefined) throw notOffered(`Joining by ${other}`, String(value));
        }
        const groupId = String((locator as GroupLocator | undefined)?.groupId).trim().toLowerCase();
        if (!guid.test(groupId)) throw callingError('invalidGroupId', undefined, groupId);
        return this.begin({ type: 'call.join', groupId }, callerOf(this.self.userId, this.self.displayName), options);
    }

    /** An extra of the agent. There is none yet. */
    feature<Feature>(factory: CallAgentFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** Refused: nothing is pushed, since an agent that is signed in is called over its connection. */
    async handlePushNotification(_data: PushNotificationData): Promise<void> {
        throw notOffered('Push notification', 'handlePushNotification');
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
        const call = this.make({ type: 'call.accept', callId: incoming.id }, incoming.callerInfo, options);
        const failure = await call.begin(options, async error => {
            // Why the call rings no more may be told a moment later than that it does not.
            const patience = new Promise(resolve => setTimeout(resolve, explanationPatience));
            await Promise.race([this.connection.barrier(), patience]);
            const failure = incoming.acceptRefused(error);
            return { failure, reason: incoming.callEndReason ?? failure };
        });
        this.ringing.delete(incoming.id);
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
        void call.begin(options, async failure => ({ failure, reason: failure }));
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

    private setState(newState: ConnectionState, cause?: CallingError): void {
        const oldState = this.state;
        if (newState === oldState) return;
        this.state = newState;
        const lost = cause && tokenReasons.includes(cause.reason) ? 'invalidToken' : 'connectionIssue';
        const reason = newState === 'Disconnected' ? lost : undefined;
        this.emit('connectionStateChanged', { oldState, newState, oldValue: oldState, newValue: newState, reason });
    }

    private endEverything(cause: WireReason): void {
        for (const incoming of this.ringing.values()) incoming.stopRinging(cause);
        this.ringing.clear();
        for (const call of [...this.current]) call.end(cause);
    }

    private tidyUp(cause: CallingError): void {
        for (const dispose of this.disposers.splice(0)) dispose();
        this.features.close();
        this.setState('Disconnected', cause);
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
            // Calls do not live in the browser's cache of pages, so that the others need not wait for a time-out.
            const { persisted } = event as PageTransitionEvent;
            if (!persisted || this.current.size > 0) this.connection.leave();
            if (!persisted) this.connection.close();
        });
    }
}
