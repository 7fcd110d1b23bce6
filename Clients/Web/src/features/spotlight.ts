import { mostSpotlighted, type CallSignals, type Mark } from '../calls/call-signals';
import { EventSource, type CollectionUpdate } from '../events';
import type { CommunicationIdentifier, CommunicationIdentifierKind } from '../identifiers';
import type { CallFeatureContext } from './call-feature-context';
import type { BaseFeature } from './feature';

/** Somebody whom everybody shall see. */
export interface SpotlightedParticipant {
    readonly identifier: CommunicationIdentifierKind;
    /** 1 for the one who has been in the spotlight longest. */
    readonly order?: number;
    /** Our addition: which device of the person it is. */
    readonly participantId: string;
}

export interface SpotlightEvents {
    spotlightChanged: CollectionUpdate<SpotlightedParticipant>;
}

/** People whom everybody shall see. The list is the same for all, for who comes later as well. */
export class SpotlightCallFeature extends EventSource<SpotlightEvents> implements BaseFeature {
    readonly name = 'Spotlight';
    private readonly signals: CallSignals;

    /** @internal */
    constructor({ signals }: CallFeatureContext) {
        super();
        this.signals = signals;
        signals.on('spotlightChanged', ({ added, removed }) => {
            this.emit('spotlightChanged', { added: added.map(entry), removed: removed.map(entry) });
        });
    }

    get maxParticipantsToSpotlight(): number {
        return mostSpotlighted;
    }

    /** Puts these people into the spotlight, or oneself. */
    startSpotlight(participants?: CommunicationIdentifier[]): Promise<void> {
        return this.signals.spotlight(true, participants);
    }

    /** Takes these people out of the spotlight, or oneself. */
    stopSpotlight(participants?: CommunicationIdentifier[]): Promise<void> {
        return this.signals.spotlight(false, participants);
    }

    /** Takes everybody out of the spotlight. */
    stopAllSpotlight(): Promise<void> {
        return this.signals.endSpotlight();
    }

    /** Who is in the spotlight, longest first. */
    getSpotlightedParticipants(): SpotlightedParticipant[] {
        return this.signals.spotlighted.map((mark, index) => ({ ...entry(mark), order: index + 1 }));
    }

    dispose(): void {}
}

const entry = ({ identifier, participantId }: Mark): SpotlightedParticipant => ({ identifier, participantId });
