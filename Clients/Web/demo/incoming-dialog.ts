import type { IncomingCall } from '/sdk/switchboard-calling.js';
import { byId, paintAvatar } from './dom';
import { plainName } from './names';
import type { Ring } from './ring';

/** What the person answers to an incoming call. */
export type Answer = 'audio' | 'video' | 'reject';

/** The dialog of a call that rings. */
export class IncomingDialog {
    private readonly dialog = byId<HTMLDialogElement>('incoming');
    private waiting: { incoming: IncomingCall; answer: (answer: Answer) => void }[] = [];

    constructor(private readonly ring: Ring) {
        byId('accept-audio').addEventListener('click', () => this.answer('audio'));
        byId('accept-video').addEventListener('click', () => this.answer('video'));
        byId('reject').addEventListener('click', () => this.answer('reject'));
        this.dialog.addEventListener('cancel', event => {
            // Escape declines, rather than leave a call ringing without its dialog.
            event.preventDefault();
            this.answer('reject');
        });
    }

    /** Rings for `incoming`; `answer` is called unless it ends before. `busy` when there is a call already. */
    ask(incoming: IncomingCall, busy: boolean, answer: (answer: Answer) => void): void {
        const entry = { incoming, answer };
        this.waiting.push(entry);
        incoming.on('callEnded', () => {
            this.waiting = this.waiting.filter(it => it !== entry);
            this.update(busy);
        });
        this.update(busy);
    }

    private answer(answer: Answer): void {
        this.waiting.shift()?.answer(answer);
        this.update(false);
    }

    private update(busy: boolean): void {
        const incoming = this.waiting[0]?.incoming;
        if (!incoming) {
            if (this.dialog.open) this.dialog.close();
            this.ring.stop();
            return;
        }
        const name = plainName(incoming.callerInfo.displayName) || 'Somebody';
        byId('incoming-name').textContent = name;
        paintAvatar(byId('incoming-avatar'), name);
        const text = incoming.isGroupCall ? 'invites you into a group call' : 'is calling you';
        byId('incoming-text').textContent = busy ? `${text}. Answering ends your present call.` : text;
        if (!this.dialog.open) this.dialog.showModal();
        byId('accept-audio').focus();
        this.ring.start('called');
    }
}
