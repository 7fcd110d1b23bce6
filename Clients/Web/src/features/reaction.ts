import type { CallSignals } from '../calls/call-signals';
import { callingError } from '../errors';
import { EventSource } from '../events';
import type { CommunicationIdentifierKind } from '../identifiers';
import { reactions, type WireReaction } from '../signalling/protocol';
import type { CallFeatureContext } from './call-feature-context';
import type { BaseFeature } from './feature';

export type Reaction = WireReaction;

export interface ReactionMessage {
    reactionType: Reaction;
}

/** Somebody reacted. */
export interface ReactionEventPayload {
    readonly identifier: CommunicationIdentifierKind;
    readonly reactionMessage: ReactionMessage;
    /** Our addition: which device of the person it is. */
    readonly participantId: string;
}

/** Short signs of what one thinks. Those who are in the call see them, oneself included. */
export class ReactionCallFeature extends EventSource<{ reaction: ReactionEventPayload }> implements BaseFeature {
    readonly name = 'Reaction';
    private readonly signals: CallSignals;

    /** @internal */
    constructor({ signals }: CallFeatureContext) {
        super();
        this.signals = signals;
        signals.on('reaction', ({ identifier, participantId, reaction }) => {
            this.emit('reaction', { identifier, participantId, reactionMessage: { reactionType: reaction } });
        });
    }

    async sendReaction(reactionMessage: ReactionMessage): Promise<void> {
        const reaction = reactionMessage?.reactionType;
        if (!reactions.includes(reaction)) {
            throw callingError('invalidArgument', `A reaction is one of ${reactions.join(', ')}.`, String(reaction));
        }
        await this.signals.react(reaction);
    }

    dispose(): void {}
}
