import { CallAgent } from './calls/call-agent';
import type { CommunicationTokenCredential } from './credential';
import { DeviceManager } from './devices/device-manager';
import { environmentInfo, type EnvironmentInfo } from './environment-info';
import { callingError } from './errors';
import type { NetworkConfiguration } from './media/ice-servers';
import { SignallingConnection } from './signalling/connection';

export interface CallClientOptions {
    /** The server, such as `https://calls.example.com:8443`; the one that the library was loaded from unless told. */
    endpoint?: string;
    /** How media travels; only needed in networks that let nothing through but a certain TURN server. */
    networkConfiguration?: NetworkConfiguration;
}

export interface CallAgentOptions {
    /** What others see as this person's name; the one that the server knows unless told. */
    displayName?: string;
}

/** The agents of this page by user, whichever client made them. */
const agents = new Map<string, CallAgent>();

/** The beginning of everything: makes call agents and gives the device manager. */
export class CallClient {
    private readonly endpoint: string;
    private readonly network: NetworkConfiguration | undefined;
    private devices: DeviceManager | undefined;

    constructor(options: CallClientOptions = {}) {
        this.endpoint = options.endpoint ?? new URL(import.meta.url).origin;
        this.network = options.networkConfiguration;
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
        connection.on('closed', () => agents.delete(welcome.userId));
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
