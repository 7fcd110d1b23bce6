import { EventSource } from '../../events';
import type { StatsSampler } from '../../stats/stats-sampler';
import type { CallFeatureContext } from '../call-feature-context';
import type { BaseFeature } from '../feature';
import { DiagnosticList, type DiagnosticChangedEventArgs } from './diagnostic-list';
import type { MediaDiagnosticType, NetworkDiagnosticType } from './diagnostic-types';
import { LinkQuality } from './link-quality';
import { MediaWatch } from './media-watch';
import { NetworkWatch } from './network-watch';

/** What somebody else's device has found out. */
export interface RemoteDiagnostic
    extends DiagnosticChangedEventArgs<NetworkDiagnosticType | MediaDiagnosticType | 'serverConnection'> {
    readonly participantId: string;
    readonly rawId: string;
}

export interface RemoteParticipantDiagnosticsData {
    readonly diagnostics: readonly RemoteDiagnostic[];
}

/** What the others' devices have found out. Not offered yet: the list is empty. */
export class RemoteDiagnostics extends EventSource<{ diagnosticChanged: RemoteParticipantDiagnosticsData }> {
    getLatest(): RemoteParticipantDiagnosticsData {
        return { diagnostics: [] };
    }
}

/** How often the streams are measured, milliseconds. */
const interval = 2_000;

/** Problems that the person can do something about. They are watched for as long as the call lasts. */
export class UserFacingDiagnosticsFeature implements BaseFeature {
    readonly name = 'UserFacingDiagnostics';
    readonly network: DiagnosticList<NetworkDiagnosticType> = new DiagnosticList();
    readonly media: DiagnosticList<MediaDiagnosticType> = new DiagnosticList();
    readonly remote = new RemoteDiagnostics();
    private readonly networkWatch: NetworkWatch;
    private readonly mediaWatch: MediaWatch;
    private readonly quality: LinkQuality;
    private readonly timer: ReturnType<typeof setInterval>;
    private isMeasuring = false;

    /** @internal */
    constructor(context: CallFeatureContext) {
        this.networkWatch = new NetworkWatch(context, this.network);
        this.mediaWatch = new MediaWatch(context, this.media);
        this.quality = new LinkQuality(context.media.reception, this.network);
        const sampler = context.media.makeSampler();
        this.timer = setInterval(() => void this.measure(sampler), interval);
    }

    dispose(): void {
        clearInterval(this.timer);
        this.networkWatch.stop();
        this.mediaWatch.stop();
    }

    private async measure(sampler: StatsSampler): Promise<void> {
        // A busy browser may take longer for a report than until the next.
        if (this.isMeasuring) return;
        this.isMeasuring = true;
        try {
            const sample = await sampler.sample();
            this.quality.take(sample);
            this.mediaWatch.take(sample);
        } catch {
            // A closed connection has nothing to measure.
        } finally {
            this.isMeasuring = false;
        }
    }
}
