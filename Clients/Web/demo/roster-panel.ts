import type { Call, RemoteParticipant } from '/sdk/switchboard-calling.js';
import { byId, copy, show } from './dom';
import { oncePerFrame } from './frames';
import { describeEnd, describeError } from './messages';
import { nameOf } from './names';
import { PeopleList } from './people-list';
import { toast } from './toasts';

/** So many people, and there is a field to find one. */
const worthSearching = 8;

/** The list of people in the call, from which they can be muted, removed and added. */
export class RosterPanel {
    private readonly panel = byId('roster');
    private readonly list = new PeopleList(participant => this.remove(participant));
    private readonly searchField = byId<HTMLInputElement>('find');
    private readonly addField = byId<HTMLInputElement>('add');
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
        this.searchField.addEventListener('input', () => this.update());
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
        this.update();
        this.visibilityChanged(visible);
        if (visible) byId('close-roster').focus();
        else byId('toggle-roster').focus();
    }

    /** Shows the people of `call`, or nobody. */
    attach(call: Call | undefined, selfName: string): void {
        this.call?.off('remoteParticipantsUpdated', this.update);
        this.call = call;
        this.selfName = selfName;
        this.searchField.value = '';
        call?.on('remoteParticipantsUpdated', this.update);
        show(this.panel, false);
        this.update();
    }

    private selfName = '';

    /** Nothing is made of the list while it is closed. */
    private readonly update = oncePerFrame(() => {
        const { call } = this;
        if (!call || !this.isVisible) {
            this.list.clear();
            return;
        }
        const people = call.remoteParticipants;
        byId('roster-count').textContent = `(${call.totalParticipantCount})`;
        show(byId('copy-invitation'), call.info.groupId !== undefined);
        show(byId('find-field'), people.length >= worthSearching);
        this.list.show(this.selfName, people, this.searchField.value);
    });

    private async remove(participant: RemoteParticipant): Promise<void> {
        await this.call?.removeParticipant(participant.identifier);
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
}

/** The link by which others join a group. */
export function invitation(groupId: string): string {
    return `${location.origin}/?group=${groupId}`;
}
