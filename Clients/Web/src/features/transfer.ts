import { EventSource } from '../events';
import type { CommunicationIdentifier, MicrosoftTeamsUserIdentifier } from '../identifiers';
import { IdleFeature, notOffered } from './idle-feature';

export type TransferState = 'None' | 'Transferring' | 'Transferred' | 'Failed';

export interface TransferErrorCode {
    readonly code: number;
    readonly subCode?: number;
}

export interface TransferToParticipantLocator {
    targetParticipant: CommunicationIdentifier;
}

export interface TransferToCallLocator {
    targetCallId: string;
}

export interface TransferToVoicemailLocator {
    targetParticipantVoicemail: MicrosoftTeamsUserIdentifier;
}

export interface TransferToParticipantOptions {
    disableForwardingAndUnanswered?: boolean;
}

/** An attempt to hand the call on. */
export class Transfer extends EventSource<{ stateChanged: void }> {
    private current: TransferState = 'None';
    private failure: TransferErrorCode | undefined;

    get state(): TransferState {
        return this.current;
    }

    /** Why it failed. */
    get error(): TransferErrorCode | undefined {
        return this.failure;
    }

    /** @internal */
    fail(error: TransferErrorCode): void {
        this.failure = { code: error.code, subCode: error.subCode };
        this.current = 'Failed';
        this.emit('stateChanged');
    }
}

export interface TransferEvents {
    transferAccepted: { targetCall: object };
    transferRequested: object;
}

/** Hands the call on to somebody else. Not offered yet: every transfer fails, as its `error` says. */
export class TransferCallFeature extends IdleFeature<TransferEvents> {
    readonly name = 'Transfer';

    transfer(
        _target: TransferToParticipantLocator | TransferToCallLocator | TransferToVoicemailLocator,
        _options?: TransferToParticipantOptions,
    ): Transfer {
        const transfer = new Transfer();
        // Later, so that the app can listen first.
        void Promise.resolve().then(() => transfer.fail(notOffered('Transfer')));
        return transfer;
    }
}
