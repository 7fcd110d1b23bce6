import type { Roster } from '../calls/roster';

/** The raw ids of those who shall get messages; undefined is everybody in the call. */
export type Audience = readonly string[] | undefined;

/** The most participants that the server takes for one channel. */
export const mostRecipients = 64;

const everybody = 'everybody';

/**
 * Tells the server who gets the messages of one channel, whoever of them is in the call at the moment.
 *
 * An audience names people, the server knows participants: who leaves and comes back is another one.
 */
export class Recipients {
    /** What the server knows; undefined while it is being told, and when that has failed. */
    private told: string | undefined = everybody;
    private asking = false;

    constructor(
        private readonly roster: Roster,
        private readonly tell: (participantIds: string[] | null) => Promise<unknown>,
    ) {}

    /** The participants that `audience` is now; undefined is everybody. */
    of(audience: Audience): string[] | undefined {
        if (!audience) return undefined;
        const present = this.roster.participants.filter(it => it.participantId && audience.includes(it.userId));
        return present.map(it => it.participantId).sort().slice(0, mostRecipients);
    }

    /** Whether the server sends what comes now to `recipients`. */
    isTold(recipients: string[] | undefined): boolean {
        return this.told === keyOf(recipients);
    }

    /** Tells the server, unless it is being told something already; `done` comes with the answer. */
    ask(recipients: string[] | undefined, done: (error?: unknown) => void): void {
        if (this.asking) return;
        this.asking = true;
        this.told = undefined;
        this.tell(recipients ?? null).then(
            () => {
                this.asking = false;
                this.told = keyOf(recipients);
                done();
            },
            error => {
                this.asking = false;
                done(error);
            },
        );
    }
}

const keyOf = (recipients: string[] | undefined) => recipients?.join() ?? everybody;
