import { environmentInfo, type EnvironmentInfo } from '../environment-info';
import { EventSource } from '../events';
import { randomId } from '../random-id';
import type { BaseFeature } from './feature';
import type { PagePresence } from './page-presence';

export interface DebugInfoEvents {
    isCallClientActiveInAnotherTabChanged: void;
    isAnotherCallClientActiveInSameTabChanged: void;
}

/** What to send along with a complaint. */
export interface DebugInfoDump {
    readonly dumpId: string;
    /** JSON. */
    readonly dump: string;
}

/** @internal What the client tells of itself. */
export interface DebugInfoSource {
    readonly presence: PagePresence;
    readonly lastCall: { id: string; info: { participantId: string } } | undefined;
    describe(): object;
}

/** What helps to find out why something went wrong. */
export class DebugInfoCallClientFeature extends EventSource<DebugInfoEvents> implements BaseFeature {
    readonly name = 'DebugInfo';

    /** @internal */
    constructor(private readonly source: DebugInfoSource) {
        super();
        const { presence } = source;
        presence.on('otherPagesChanged', () => this.emit('isCallClientActiveInAnotherTabChanged'));
        presence.on('clientsHereChanged', () => this.emit('isAnotherCallClientActiveInSameTabChanged'));
    }

    /** The id of the last call; undefined before the first. */
    get lastCallId(): string | undefined {
        return this.source.lastCall?.id;
    }

    /** This device's participant id in the last call. */
    get lastLocalParticipantId(): string | undefined {
        return this.source.lastCall?.info.participantId || undefined;
    }

    /** Whether another tab of this browser has a client, too. They would share microphone and camera. */
    get isCallClientActiveInAnotherTab(): boolean {
        return this.source.presence.isInOtherPages;
    }

    /** Whether two clients of this page have agents. */
    get isAnotherCallClientActiveInSameTab(): boolean {
        return this.source.presence.clientsHere > 1;
    }

    async getEnvironmentInfo(): Promise<EnvironmentInfo> {
        return environmentInfo(navigator.userAgent);
    }

    /** Environment, calls and their ends. Tokens and names of people are not among it. */
    dumpDebugInfo(): DebugInfoDump {
        const environment = environmentInfo(navigator.userAgent);
        const dump = { time: new Date().toISOString(), environment, ...this.source.describe() };
        return { dumpId: randomId(), dump: JSON.stringify(dump) };
    }

    dispose(): void {}
}
