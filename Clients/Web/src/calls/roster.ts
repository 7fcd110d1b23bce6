import { EventSource, type CollectionUpdate } from '../events';
import type { CallPush, VideoSource, WireParticipant, WireReason, WireSnapshot } from '../signalling/protocol';
import type { RemoteVideoStream } from '../streams/remote-video-stream';
import { RemoteParticipant, type ParticipantHost } from './remote-participant';

type RosterPush = Extract<CallPush, { type: 'call.roster' }>;
type SpeakersPush = Extract<CallPush, { type: 'call.speakers' }>;

export interface RosterEvents {
    updated: CollectionUpdate<RemoteParticipant>;
    dominantChanged: void;
    /** Hands or the spotlight may have changed. */
    marksChanged: void;
}

/** Who else is in a call. */
export class Roster extends EventSource<RosterEvents> {
    private readonly byId = new Map<string, RemoteParticipant>();
    /** Added by us, and not in a roster message yet. */
    private invited: RemoteParticipant[] = [];
    private sequence = 0;
    private dominantIds: string[] = [];

    constructor(private readonly host: ParticipantHost) {
        super();
    }

    get participants(): RemoteParticipant[] {
        return [...this.byId.values(), ...this.invited];
    }

    /** Who speaks most, loudest first. */
    get dominant(): RemoteParticipant[] {
        return this.dominantIds.map(id => this.byId.get(id)).filter((it): it is RemoteParticipant => it !== undefined);
    }

    find(participantId: string): RemoteParticipant | undefined {
        return this.byId.get(participantId);
    }

    stream(participantId: string, source: VideoSource): RemoteVideoStream | undefined {
        return this.byId.get(participantId)?.stream(source);
    }

    /** Takes over a whole roster: at the beginning and after a resumed connection. */
    applySnapshot(snapshot: WireSnapshot): void {
        this.sequence = snapshot.rosterSequence;
        const present = new Set(snapshot.participants.map(it => it.participantId));
        const gone = [...this.byId.keys()].filter(id => !present.has(id));
        const reason = { code: 0, subCode: 0, message: 'Left while this device was not connected.' };
        this.update(snapshot.participants, gone.map(participantId => ({ participantId, reason })));
        this.setDominant(snapshot.dominant);
    }

    apply(push: RosterPush): void {
        // Older than the snapshot that has been applied meanwhile.
        if (push.sequence <= this.sequence) return;
        this.sequence = push.sequence;
        this.update([...push.added, ...push.changed], push.removed);
    }

    applySpeakers(push: SpeakersPush): void {
        for (const [id, participant] of this.byId) {
            participant.setSpeaking(push.dominant.includes(id) && (push.levels[id] ?? 1) > 0);
        }
        this.setDominant(push.dominant);
    }

    /** Puts somebody whom we are adding into the roster before the server answers. */
    invite(userId: string): RemoteParticipant {
        const participant = new RemoteParticipant(userId, this.host);
        participant.setConnecting();
        this.invited.push(participant);
        this.emit('updated', { added: [participant], removed: [] });
        return participant;
    }

    /** The server would not add them. */
    uninvite(participant: RemoteParticipant, reason: WireReason): void {
        if (!this.invited.includes(participant)) return;
        this.invited = this.invited.filter(it => it !== participant);
        participant.leave(reason);
        this.emit('updated', { added: [], removed: [participant] });
    }

    /** Everybody leaves, because the call is over. */
    clear(reason: WireReason): void {
        const all = this.participants;
        this.byId.clear();
        this.invited = [];
        for (const participant of all) participant.leave(reason);
        if (all.length > 0) this.emit('updated', { added: [], removed: all });
        this.emit('marksChanged');
    }

    private update(present: WireParticipant[], gone: { participantId: string; reason: WireReason }[]): void {
        const added: RemoteParticipant[] = [];
        const removed: RemoteParticipant[] = [];
        for (const wire of present) {
            let participant = this.byId.get(wire.participantId);
            if (!participant) {
                participant = this.invited.find(it => it.userId === wire.userId);
                if (participant) this.invited = this.invited.filter(it => it !== participant);
                else added.push((participant = new RemoteParticipant(wire.userId, this.host)));
                this.byId.set(wire.participantId, participant);
            }
            participant.apply(wire);
        }
        for (const { participantId, reason } of gone) {
            const participant = this.byId.get(participantId);
            if (!participant) continue;
            participant.leave(reason);
            this.byId.delete(participantId);
            removed.push(participant);
        }
        if (added.length + removed.length > 0) this.emit('updated', { added, removed });
        this.emit('marksChanged');
    }

    private setDominant(ids: string[]): void {
        if (ids.join() === this.dominantIds.join()) return;
        this.dominantIds = [...ids];
        this.emit('dominantChanged');
    }
}
