import { callingError } from '../errors';
import { EventSource, type CollectionUpdate } from '../events';
import {
    createIdentifierFromRawId,
    getIdentifierRawId,
    type CommunicationIdentifier,
    type CommunicationIdentifierKind,
} from '../identifiers';
import type { WireMarks, WireReaction } from '../signalling/protocol';
import type { CallRequests } from './call-requests';
import type { Roster } from './roster';

/** How many people the server keeps in the spotlight at most. */
export const mostSpotlighted = 7;

/** Somebody whose hand is up, or who is in the spotlight. */
export interface Mark {
    readonly identifier: CommunicationIdentifierKind;
    readonly participantId: string;
    /** Grows with each mark that the server gives. */
    readonly order: number;
}

export interface CallSignalsEvents {
    handsChanged: CollectionUpdate<Mark>;
    spotlightChanged: CollectionUpdate<Mark>;
    reaction: { identifier: CommunicationIdentifierKind; participantId: string; reaction: WireReaction };
}

/** Raised hands, the spotlight and reactions of a call, as the server knows them. */
export class CallSignals extends EventSource<CallSignalsEvents> {
    private own: WireMarks = {};
    private raised: Mark[] = [];
    private spotlit: Mark[] = [];

    constructor(
        private readonly userId: string,
        private readonly roster: Roster,
        private readonly requests: CallRequests,
    ) {
        super();
        roster.on('marksChanged', () => this.update());
    }

    /** The hands that are up, the one that has been up longest first. */
    get hands(): readonly Mark[] {
        return this.raised;
    }

    /** Who is in the spotlight, longest first. */
    get spotlighted(): readonly Mark[] {
        return this.spotlit;
    }

    async raiseHand(raised: boolean): Promise<void> {
        await this.requests.send('call.raiseHand', { raised });
    }

    /** Lowers the hands of these people, or all. */
    async lowerHands(identifiers?: CommunicationIdentifier[]): Promise<void> {
        const participantIds = identifiers && this.participants(identifiers);
        await this.requests.send('call.lowerHands', { ...(participantIds && { participantIds }) });
    }

    /** Puts these people into the spotlight or takes them out; oneself unless told. */
    async spotlight(on: boolean, identifiers?: CommunicationIdentifier[]): Promise<void> {
        const participantIds = identifiers ? this.participants(identifiers) : [this.requests.participantId];
        await this.requests.send('call.spotlight', { participantIds, on });
    }

    async endSpotlight(): Promise<void> {
        await this.requests.send('call.spotlight', { on: false });
    }

    async react(reaction: WireReaction): Promise<void> {
        await this.requests.send('call.react', { reaction });
    }

    /** Takes over this device's own marks. */
    applyOwn({ hand, spotlight }: WireMarks): void {
        this.own = { hand, spotlight };
        this.update();
    }

    applyReactions(reactions: readonly { participantId: string; reaction: WireReaction }[]): void {
        for (const { participantId, reaction } of reactions) {
            const userId = this.userOf(participantId);
            if (userId) this.emit('reaction', { identifier: createIdentifierFromRawId(userId), participantId, reaction });
        }
    }

    private userOf(participantId: string): string | undefined {
        if (participantId === this.requests.participantId) return this.userId;
        return this.roster.find(participantId)?.userId;
    }

    /** Every device of these people that is in the call. */
    private participants(identifiers: CommunicationIdentifier[]): string[] {
        const users = new Map(identifiers.map(it => [getIdentifierRawId(it), [] as string[]]));
        users.get(this.userId)?.push(this.requests.participantId);
        for (const { userId, participantId } of this.roster.participants) {
            if (participantId) users.get(userId)?.push(participantId);
        }
        for (const [userId, devices] of users) {
            if (devices.length > 0) continue;
            throw callingError('invalidArgument', 'This person is not in the call.', userId);
        }
        return [...users.values()].flat();
    }

    private update(): void {
        const hands = this.marks('hand');
        const spotlit = this.marks('spotlight');
        const handsChange = difference(this.raised, hands);
        const spotlightChange = difference(this.spotlit, spotlit);
        this.raised = hands;
        this.spotlit = spotlit;
        if (handsChange) this.emit('handsChanged', handsChange);
        if (spotlightChange) this.emit('spotlightChanged', spotlightChange);
    }

    private marks(kind: keyof WireMarks): Mark[] {
        const self = { userId: this.userId, participantId: this.requests.participantId, marks: this.own };
        const marks: Mark[] = [];
        for (const { userId, participantId, marks: given } of [self, ...this.roster.participants]) {
            const order = given[kind];
            if (typeof order !== 'number') continue;
            marks.push({ identifier: createIdentifierFromRawId(userId), participantId, order });
        }
        return marks.sort((a, b) => a.order - b.order);
    }
}

function difference(before: Mark[], after: Mark[]): CollectionUpdate<Mark> | undefined {
    const isIn = (list: Mark[]) => (mark: Mark) =>
        list.some(it => it.participantId === mark.participantId && it.order === mark.order);
    const added = after.filter(mark => !isIn(before)(mark));
    const removed = before.filter(mark => !isIn(after)(mark));
    return added.length + removed.length > 0 ? { added, removed } : undefined;
}
