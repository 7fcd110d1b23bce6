import { EventSource } from '../events';
import type { CallPush } from '../signalling/protocol';
import type { CallRequests } from './call-requests';
import type { LocalMedia } from './local-media';

export interface MicrophoneStateEvents {
    mutedChanged: void;
    /** Somebody else closed it. */
    mutedByOthers: void;
}

/** Whether this device's microphone is open: here, and as the server and the others know it. */
export class MicrophoneState extends EventSource<MicrophoneStateEvents> {
    private requestsUnderWay = 0;

    constructor(
        private muted: boolean,
        private readonly requests: CallRequests,
        private readonly local: LocalMedia,
    ) {
        super();
    }

    get isMuted(): boolean {
        return this.muted;
    }

    async setMuted(muted: boolean): Promise<void> {
        this.requests.mustBeAlive();
        if (muted === this.muted) return;
        this.change(muted);
        if (this.requests.isEstablished) await this.tell();
    }

    /** Nobody but the person in front of it opens a microphone: says again how it is if the server thinks otherwise. */
    reconcile(muted: boolean): void {
        if (muted !== this.muted) this.tell().catch(() => {});
    }

    /** Takes over what the server says, which may be that somebody else closed it. */
    apply({ muted, mutedBy }: Extract<CallPush, { type: 'call.self' }>): void {
        if (muted === this.muted || this.requestsUnderWay > 0) return;
        if (muted && mutedBy && mutedBy !== this.requests.participantId) {
            this.change(true);
            this.emit('mutedByOthers');
        } else {
            this.reconcile(muted);
        }
    }

    private change(muted: boolean): void {
        this.muted = muted;
        this.local.setMuted(muted);
        this.emit('mutedChanged');
    }

    private async tell(): Promise<void> {
        this.requestsUnderWay += 1;
        try {
            await this.requests.send('call.mute', { muted: this.muted });
        } finally {
            this.requestsUnderWay -= 1;
        }
    }
}
