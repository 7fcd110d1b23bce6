import type { ParticipantInfo } from '../calls/remote-participant';
import { IdleFeature } from './idle-feature';

/** What somebody types. */
export interface RealTimeTextInfo {
    readonly sender: ParticipantInfo;
    readonly sequenceId: number;
    readonly text: string;
    readonly resultType: 'Partial' | 'Final';
    readonly receivedTimestamp: Date;
    readonly updatedTimestamp: Date;
    readonly isLocal: boolean;
}

/** Text that the others see while it is typed. Not offered yet. */
export class RealTimeTextFeature extends IdleFeature<{ realTimeTextReceived: RealTimeTextInfo }> {
    readonly name = 'RealTimeText';

    sendRealTimeText(_text: string, _finalized?: boolean): Promise<void> {
        return this.refuse('sendRealTimeText');
    }
}
