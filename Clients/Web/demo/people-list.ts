import type { RemoteParticipant } from '/sdk/switchboard-calling.js';
import { avatar, byId, make, paintAvatar, show } from './dom';
import { oncePerFrame } from './frames';
import { icon } from './icons';
import { describeError } from './messages';
import { nameOf } from './names';
import { toast } from './toasts';

/** The height of a row in pixels, as in demo.css. */
const rowHeight = 54;
/** How many rows are ready above and below those that are seen. */
const spareRows = 4;

const stateWords: Record<RemoteParticipant['state'], string> = {
    Idle: 'being called',
    Connecting: 'connecting',
    Ringing: 'ringing',
    Connected: 'in the call',
    Hold: 'on hold',
    Reconnecting: 'reconnecting',
    Disconnected: 'left',
};

/** A list of people of which only the rows that are seen exist, so that hundreds cost what a dozen costs. */
export class PeopleList {
    private readonly scroller = byId('roster-scroll');
    private readonly list = byId('roster-list');
    private readonly empty = byId('roster-empty');
    private readonly rows = new Map<RemoteParticipant | 'self', Row>();
    private people: (RemoteParticipant | 'self')[] = [];
    private selfName = '';

    /** `remove` takes somebody out of the call. */
    constructor(private readonly remove: (participant: RemoteParticipant) => Promise<void>) {
        this.scroller.addEventListener('scroll', this.draw, { passive: true });
        new ResizeObserver(this.draw).observe(this.scroller);
    }

    /** Shows the one at this page and the others whose name holds `search`. */
    show(selfName: string, others: readonly RemoteParticipant[], search: string): void {
        this.selfName = selfName;
        const wanted = folded(search.trim());
        const found = others.filter(it => wanted === '' || folded(nameOf(it)).includes(wanted));
        const isSelfFound = wanted === '' || folded(selfName).includes(wanted);
        this.people = isSelfFound ? ['self', ...found] : found;
        this.list.style.height = `${this.people.length * rowHeight}px`;
        show(this.empty, this.people.length === 0);
        this.drawNow();
    }

    clear(): void {
        this.people = [];
        this.drawNow();
    }

    private readonly draw = oncePerFrame(() => this.drawNow());

    private drawNow(): void {
        const first = Math.max(0, Math.floor(this.scroller.scrollTop / rowHeight) - spareRows);
        const seen = Math.ceil(this.scroller.clientHeight / rowHeight) + 2 * spareRows;
        const wanted = this.people.slice(first, first + seen);
        const kept = new Set(wanted);
        for (const [person, row] of this.rows) {
            if (kept.has(person)) continue;
            row.dispose();
            this.rows.delete(person);
        }
        wanted.forEach((person, index) => {
            let row = this.rows.get(person);
            if (!row) {
                row = new Row(person, this.selfName, this.remove);
                this.rows.set(person, row);
            }
            row.place(first + index, this.people.length);
            // The order in the page is the order for the keyboard; a row that is in its place is not moved.
            const before = this.list.children[index];
            if (before !== row.element) this.list.insertBefore(row.element, before ?? null);
        });
    }
}

/** One person in the list, kept up to date. */
class Row {
    readonly element = make('li');
    private readonly face = avatar('');
    private readonly name = make('bdi');
    private readonly detail = make('small');
    private readonly mute = button('mic-off');
    private readonly removal = button('remove');

    constructor(
        private readonly person: RemoteParticipant | 'self',
        private readonly selfName: string,
        remove: (participant: RemoteParticipant) => Promise<void>,
    ) {
        this.element.append(this.face, make('div', 'who', make('b', '', this.name), this.detail));
        if (person !== 'self') {
            this.element.append(this.mute, this.removal);
            this.mute.addEventListener('click', () => attempt(() => person.mute()));
            this.removal.addEventListener('click', () => attempt(() => remove(person)));
            for (const event of rowEvents) person.on(event, this.update);
        }
        this.updateNow();
    }

    dispose(): void {
        const { person } = this;
        if (person !== 'self') for (const event of rowEvents) person.off(event, this.update);
        this.element.remove();
    }

    /** Says where in the whole list the row is. */
    place(index: number, count: number): void {
        this.element.style.top = `${index * rowHeight}px`;
        this.element.setAttribute('aria-posinset', String(index + 1));
        this.element.setAttribute('aria-setsize', String(count));
    }

    private readonly update = oncePerFrame(() => this.updateNow());

    private updateNow(): void {
        const { person } = this;
        if (person === 'self') {
            this.setName(this.selfName);
            this.detail.textContent = 'you';
            return;
        }
        const name = nameOf(person);
        this.setName(name);
        const words = [stateWords[person.state]];
        if (person.isMuted) words.push('muted');
        if (person.isSpeaking) words.push('speaking');
        this.detail.textContent = words.join(' · ');
        label(this.mute, `Mute ${name}`);
        label(this.removal, `Remove ${name}`);
        this.mute.disabled = person.isMuted || person.state !== 'Connected';
    }

    private setName(name: string): void {
        if (this.name.textContent === name) return;
        this.name.textContent = name;
        this.name.title = name;
        paintAvatar(this.face, name);
    }
}

const rowEvents = ['stateChanged', 'isMutedChanged', 'isSpeakingChanged', 'displayNameChanged'] as const;

/** For comparing names without regard to case and accents. */
function folded(text: string): string {
    return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function button(iconName: string): HTMLButtonElement {
    const element = make('button', 'quiet', icon(iconName));
    element.type = 'button';
    return element;
}

function label(element: HTMLButtonElement, text: string): void {
    element.title = text;
    element.setAttribute('aria-label', text);
}

function attempt(action: () => Promise<void>): void {
    action().catch(error => toast(describeError(error), true));
}
