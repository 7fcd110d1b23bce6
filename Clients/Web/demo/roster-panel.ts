import type { Call, RemoteParticipant } from '/sdk/switchboard-calling.js';
import { avatar, byId, copy, make, show } from './dom';
import { icon } from './icons';
import { describeEnd, describeError } from './messages';
import { nameOf } from './tile';
import { toast } from './toasts';

const stateWords: Record<RemoteParticipant['state'], string> = {
    Idle: 'being called',
    Connecting: 'connecting',
    Ringing: 'ringing',
    Connected: 'in the call',
    Hold: 'on hold',
    Reconnecting: 'reconnecting',
    Disconnected: 'left',
};

/** The list of people in the call, from which they can be muted, removed and added. */
export class RosterPanel {
    private readonly panel = byId('roster');
    private readonly list = byId('roster-list');
    private readonly addField = byId<HTMLInputElement>('add');
    private readonly watched = new Set<RemoteParticipant>();
    private call: Call | undefined;

    constructor(private readonly visibilityChanged: (visible: boolean) => void) {
        byId('close-roster').addEventListener('click', () => this.toggle(false));
        byId('mute-all').addEventListener('click', () => {
            this.call?.muteAllRemoteParticipants().catch(error => toast(describeError(error), true));
        });
        byId('copy-invitation').addEventListener('click', event => {
            const groupId = this.call?.info.groupId;
            if (groupId) void copy(invitation(groupId), event.currentTarget as HTMLElement);
        });
        byId('add-form').addEventListener('submit', event => {
            event.preventDefault();
            this.add(this.addField.value.trim());
        });
    }

    get isVisible(): boolean {
        return !this.panel.hidden;
    }

    toggle(visible = !this.isVisible): void {
        show(this.panel, visible);
        this.visibilityChanged(visible);
        if (visible) byId('close-roster').focus();
        else byId('toggle-roster').focus();
    }

    /** Shows the people of `call`, or nobody. */
    attach(call: Call | undefined, selfName: string): void {
        this.call?.off('remoteParticipantsUpdated', this.update);
        for (const participant of this.watched) this.watch(participant, false);
        this.call = call;
        this.selfName = selfName;
        call?.on('remoteParticipantsUpdated', this.update);
        show(this.panel, false);
        this.update();
    }

    private selfName = '';

    private readonly update = () => {
        const people = this.call?.remoteParticipants ?? [];
        for (const participant of people) if (!this.watched.has(participant)) this.watch(participant, true);
        for (const participant of this.watched) if (!people.includes(participant)) this.watch(participant, false);
        byId('roster-count').textContent = this.call ? `(${this.call.totalParticipantCount})` : '';
        show(byId('copy-invitation'), this.call?.info.groupId !== undefined);
        const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
        this.list.replaceChildren(
            this.row(this.selfName, 'you'),
            ...people.map(participant => this.participantRow(participant)),
        );
        // The list is made anew; the keyboard stays where it was.
        if (focused) this.list.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    };

    private row(name: string, detail: string, ...buttons: HTMLElement[]): HTMLElement {
        const who = make('div', 'who', make('b', '', name), make('small', '', detail));
        return make('li', '', avatar(name), who, ...buttons);
    }

    private participantRow(participant: RemoteParticipant): HTMLElement {
        const name = nameOf(participant);
        const words = [stateWords[participant.state]];
        if (participant.isMuted) words.push('muted');
        if (participant.isSpeaking) words.push('speaking');
        const key = participant.endpointDetails[0]?.participantId ?? name;
        const mute = this.button('mic-off', `Mute ${name}`, `mute ${key}`, () => participant.mute());
        mute.disabled = participant.isMuted || participant.state !== 'Connected';
        const remove = this.button('remove', `Remove ${name}`, `remove ${key}`, async () => {
            await this.call?.removeParticipant(participant.identifier);
        });
        return this.row(name, words.join(' · '), mute, remove);
    }

    private button(iconName: string, label: string, key: string, action: () => Promise<void>): HTMLButtonElement {
        const button = make('button', 'quiet', icon(iconName));
        button.type = 'button';
        button.title = label;
        button.setAttribute('aria-label', label);
        button.dataset.key = key;
        button.addEventListener('click', () => {
            action().catch(error => toast(describeError(error), true));
        });
        return button;
    }

    private add(userId: string): void {
        if (!this.call) return;
        try {
            const participant = this.call.addParticipant({ communicationUserId: userId });
            this.addField.value = '';
            participant.on('stateChanged', () => {
                const reason = participant.callEndReason;
                if (participant.state !== 'Disconnected' || !reason || reason.code === 0) return;
                toast(`${nameOf(participant)}: ${describeEnd(reason).text}`, true);
            });
        } catch (error) {
            toast(describeError(error), true);
        }
    }

    private watch(participant: RemoteParticipant, on: boolean): void {
        for (const event of ['stateChanged', 'isMutedChanged', 'isSpeakingChanged', 'displayNameChanged'] as const) {
            if (on) participant.on(event, this.update);
            else participant.off(event, this.update);
        }
        if (on) this.watched.add(participant);
        else this.watched.delete(participant);
    }
}

/** The link by which others join a group. */
export function invitation(groupId: string): string {
    return `${location.origin}/?group=${groupId}`;
}
