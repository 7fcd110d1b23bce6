import type { CallSignals, Mark } from '../calls/call-signals';
import { EventSource } from '../events';
import type { CommunicationIdentifier, CommunicationIdentifierKind } from '../identifiers';
import type { CallFeatureContext } from './call-feature-context';
import type { BaseFeature } from './feature';

/** A hand that is up. */
export interface RaisedHand {
    readonly identifier: CommunicationIdentifierKind;
    /** 1 for the hand that has been up longest. */
    readonly order: number;
    /** Our addition: which device of the person it is. */
    readonly participantId: string;
}

export interface RaisedHandChangedEvent {
    readonly identifier: CommunicationIdentifierKind;
    /** Our addition: which device of the person it is. */
    readonly participantId: string;
}

export interface RaiseHandEvents {
    raisedHandEvent: RaisedHandChangedEvent;
    loweredHandEvent: RaisedHandChangedEvent;
}

/** Hands raised to ask for the word. Everybody sees them, who comes later as well. */
export class RaiseHandCallFeature extends EventSource<RaiseHandEvents> implements BaseFeature {
    readonly name = 'RaiseHand';
    private readonly signals: CallSignals;

    /** @internal */
    constructor({ signals }: CallFeatureContext) {
        super();
        this.signals = signals;
        signals.on('handsChanged', ({ added, removed }) => {
            for (const mark of removed) this.emit('loweredHandEvent', changed(mark));
            for (const mark of added) this.emit('raisedHandEvent', changed(mark));
        });
    }

    /** Raises this device's hand. */
    raiseHand(): Promise<void> {
        return this.signals.raiseHand(true);
    }

    /** Lowers this device's hand. */
    lowerHand(): Promise<void> {
        return this.signals.raiseHand(false);
    }

    /** Lowers the hands of these people. */
    lowerHands(identifiers: CommunicationIdentifier[]): Promise<void> {
        return this.signals.lowerHands(identifiers);
    }

    /** Lowers every hand. */
    lowerAllHands(): Promise<void> {
        return this.signals.lowerHands();
    }

    /** The hands that are up, the one that has been up longest first. */
    getRaisedHands(): RaisedHand[] {
        return this.signals.hands.map((mark, index) => ({ ...changed(mark), order: index + 1 }));
    }

    dispose(): void {}
}

const changed = ({ identifier, participantId }: Mark): RaisedHandChangedEvent => ({ identifier, participantId });
