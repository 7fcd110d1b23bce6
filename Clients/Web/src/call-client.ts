import { CallAgent } from './calls/call-agent';
import type { CommunicationTokenCredential } from './credential';
import { DeviceManager } from './devices/device-manager';
import { environmentInfo, type EnvironmentInfo } from './environment-info';
import { callingError } from './errors';
import { EventSource } from './events';
import type { CallClientFeatureFactory } from './features/feature';
import { FeatureSet } from './features/feature-set';
import { PagePresence } from './features/page-presence';
import type { Call } from './calls/call';
import type { NetworkConfiguration } from './media/ice-servers';
import { SignallingConnection } from './signalling/connection';

/** What an app calls itself. */
export interface DiagnosticOptions {
    appName?: string;
    appVersion?: string;
    tags?: string[];
}

export interface CallClientOptions {
    /** What is written into {@link DebugInfoCallClientFeature.dumpDebugInfo}. */
    diagnostics?: DiagnosticOptions;
    /** The server, such as `https://calls.example.com:8443`; the one that the library was loaded from unless told. */
    endpoint?: string;
    /** How media travels; only needed in networks that let nothing through but a certain TURN server. */
    networkConfiguration?: NetworkConfiguration;
}

export interface CallAgentOptions {
    /** Calls to emergency numbers are not offered yet, so it has no effect. */
    emergencyCallOptions?: { countryCode?: string };
    /** What others see as this person's name; the one that the server knows unless told. */
    displayName?: string;
}

/** The agents of this page by user, whichever client made them. */
const agents = new Map<string, CallAgent>();

/** Which pages have a client; one for all clients of this page. */
const presence = new PagePresence();

export interface CallClientEvents {
    isCallClientActiveInAnotherTabChanged: void;
}

/** The beginning of everything: makes call agents and gives the device manager. */
export class CallClient extends EventSource<CallClientEvents> {
    private agents = 0;
    private lastCall: Call | undefined;
    private readonly features: FeatureSet<'callClientApiCtor'>;
    private readonly endpoint: string;
    private readonly network: NetworkConfiguration | undefined;
    private devices: DeviceManager | undefined;

    constructor(options: CallClientOptions = {}) {
        super();
        this.endpoint = options.endpoint ?? new URL(import.meta.url).origin;
        this.network = options.networkConfiguration;
        const latest = () => this.lastCall;
        this.features = new FeatureSet('callClientApiCtor', 'a call client', {
            presence,
            get lastCall() {
                return latest();
            },
            describe: () => ({ ...options.diagnostics, endpoint: this.endpoint, lastCall: describe(latest()) }),
        });
        presence.enter();
    }

    /** @internal */
    protected override listenersChanged(): void {
        // The presence outlives its clients, and shall not keep those that nobody uses any more.
        if (this.hasListeners('isCallClientActiveInAnotherTabChanged')) presence.on('otherPagesChanged', this.tabsChanged);
        else presence.off('otherPagesChanged', this.tabsChanged);
    }

    private readonly tabsChanged = () => this.emit('isCallClientActiveInAnotherTabChanged');

    /** Whether another tab of this browser has a client, too. They would share microphone and camera. */
    get isCallClientActiveInAnotherTab(): boolean {
        return presence.isInOtherPages;
    }

    /** An extra of the client, such as `Features.DebugInfo`. */
    feature<Feature>(factory: CallClientFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** Signs in with the token of `tokenCredential`; from then on this device can call and be called. */
    async createCallAgent(
        tokenCredential: CommunicationTokenCredential,
        options: CallAgentOptions = {},
    ): Promise<CallAgent> {
        const devices = await this.getDeviceManager();
        const connection = new SignallingConnection({
            url: signallingUrl(this.endpoint),
            tokens: {
                getToken: ask => tokenCredential.getToken(ask),
                get canRefresh() {
                    // A credential of the app's own make is trusted to know how to renew its token.
                    return (tokenCredential as { canRefresh?: boolean }).canRefresh ?? true;
                },
            },
            displayName: options.displayName,
        });
        const welcome = await connection.connect();
        if (agents.has(welcome.userId)) {
            connection.close();
            throw callingError('agentExists', undefined, welcome.userId);
        }
        const displayName = options.displayName ?? welcome.displayName ?? undefined;
        const self = { userId: welcome.userId, displayName };
        const agent = new CallAgent(connection, devices, tokenCredential, self, this.network);
        agents.set(welcome.userId, agent);
        this.agents += 1;
        if (this.agents === 1) presence.clientActive(true);
        agent.on('callsUpdated', ({ added }) => (this.lastCall = added[0] ?? this.lastCall));
        connection.on('closed', () => {
            agents.delete(welcome.userId);
            this.agents -= 1;
            if (this.agents === 0) presence.clientActive(false);
        });
        return agent;
    }

    /** The devices; one manager for all agents of this client. */
    async getDeviceManager(): Promise<DeviceManager> {
        this.devices ??= new DeviceManager();
        return this.devices;
    }

    async getEnvironmentInfo(): Promise<EnvironmentInfo> {
        return environmentInfo(navigator.userAgent);
    }
}

/** What is told of a call in a complaint: no names of people. */
function describe(call: Call | undefined): object | undefined {
    if (!call) return undefined;
    const { id, direction, state, callEndReason, localMediaErrors, remoteParticipants } = call;
    const { participantId, groupId } = call.info;
    const participants = remoteParticipants.map(it => it.endpointDetails[0]?.participantId);
    return { id, participantId, groupId, direction, state, callEndReason, localMediaErrors, participants };
}

function signallingUrl(endpoint: string): string {
    let url: URL;
    try {
        url = new URL('/calling', endpoint);
    } catch {
        throw callingError('invalidArgument', `"${endpoint}" is not the address of a server.`, endpoint);
    }
    url.protocol = url.protocol.replace('http', 'ws');
    return url.href;
}
