import type { CallMedia } from '../calls/call-media';
import type { CallRequests } from '../calls/call-requests';
import type { RemoteParticipant } from '../calls/remote-participant';
import type { Roster } from '../calls/roster';
import { callingError } from '../errors';
import { EventSource, type CollectionUpdate } from '../events';
import type { CallFeatureContext } from '../features/call-feature-context';
import type { BaseFeature } from '../features/feature';
import type { DataChannelReceiver } from './data-channel-receiver';
import { DataChannelSender, type DataChannelSenderOptions, type OutgoingChannel } from './data-channel-sender';
import { DataPacer } from './data-pacer';
import { DataPath } from './data-path';
import { DataReceivers } from './data-receivers';
import { Recipients } from './recipients';

export interface DataChannelEvents {
    /** Somebody sends the first message on a channel; the message can be read when the listeners have been called. */
    dataChannelReceiverCreated: DataChannelReceiver;
}

const highestChannel = 65_535;

/** Bytes of the app's own between the people in a call. The first sender or listener opens the way for them. */
export class DataChannelCallFeature extends EventSource<DataChannelEvents> implements BaseFeature {
    readonly name = 'DataChannel';
    private readonly path = new DataPath();
    private readonly pacer = new DataPacer(this.path);
    private readonly receivers: DataReceivers;
    /** Those that may still send something; the closed ones among them only what waits. */
    private readonly sending = new Set<DataChannelSender>();
    private readonly open = new Map<number, DataChannelSender>();
    private readonly channels = new Map<number, OutgoingChannel>();
    private isOpen = false;

    private readonly roster: Roster;
    private readonly media: CallMedia;
    private readonly requests: CallRequests;

    /** @internal */
    constructor({ roster, media, requests }: CallFeatureContext) {
        super();
        this.roster = roster;
        this.media = media;
        this.requests = requests;
        this.receivers = new DataReceivers(roster, receiver => this.emit('dataChannelReceiverCreated', receiver));
        this.path.on('received', ({ reliability, frame }) => this.receivers.take(reliability, frame));
        this.path.on('receipt', ({ channelId, sequenceNumber, refusal }) => {
            for (const sender of [...this.sending]) {
                if (sender.channelId === channelId && sender.confirm(sequenceNumber, refusal)) break;
            }
        });
        this.path.on('interrupted', () => {
            for (const sender of [...this.sending]) sender.interrupt();
        });
        this.path.on('failed', () => {
            const { failure } = this.path;
            if (failure) for (const sender of [...this.sending]) sender.fail(failure);
        });
        roster.on('updated', this.rosterUpdated);
        media.on('holdChanged', this.holdChanged);
        this.holdChanged();
    }

    /** Begins to send on a channel. Whoever is in the call and listens gets the messages. */
    createDataChannelSender(options: DataChannelSenderOptions = {}): DataChannelSender {
        this.requests.mustBeAlive();
        const { reliability = 'Lossy', priority = 'Normal', bitrateInKbps = 500 } = options;
        const channelId = options.channelId ?? this.freeChannel();
        if (!Number.isInteger(channelId) || channelId < 1 || channelId > highestChannel) {
            throw callingError('invalidArgument', `A channel id is a whole number from 1 to ${highestChannel}.`);
        }
        if (!['Lossy', 'Durable'].includes(reliability)) {
            throw callingError('invalidArgument', 'A sender is Lossy or Durable.', String(reliability));
        }
        if (!['Normal', 'High'].includes(priority)) {
            throw callingError('invalidArgument', 'A sender has Normal or High priority.', String(priority));
        }
        if (!Number.isFinite(bitrateInKbps) || bitrateInKbps <= 0) {
            throw callingError('invalidArgument', 'A bit rate is a number above 0.', String(bitrateInKbps));
        }
        if (this.open.has(channelId)) throw callingError('dataChannelInUse', undefined, String(channelId));
        const sender = this.makeSender({ channelId, reliability, priority, bitrateInKbps });
        if (options.participants) sender.setParticipants(options.participants);
        this.open.set(channelId, sender);
        this.sending.add(sender);
        this.pacer.add(sender);
        this.openPath();
        return sender;
    }

    /** Ends all sending and receiving, as the end of the call does. */
    dispose(): void {
        this.roster.off('updated', this.rosterUpdated);
        this.media.off('holdChanged', this.holdChanged);
        this.pacer.close();
        for (const sender of [...this.sending]) sender.fail(callingError('callEnded'));
        this.path.close();
        this.receivers.closeAll();
    }

    protected override listenersChanged(): void {
        if (this.hasListeners('dataChannelReceiverCreated')) this.openPath();
    }

    private openPath(): void {
        if (this.isOpen || this.requests.isOver) return;
        this.isOpen = true;
        this.media.session.openData(this.path);
    }

    private makeSender(options: DataChannelSenderOptions & { channelId: number }): DataChannelSender {
        const { requests, path, pacer } = this;
        const host = {
            path,
            get isEstablished() {
                return requests.isEstablished;
            },
            mustBeAlive: () => requests.mustBeAlive(),
            wake: () => pacer.run(),
            closed: (sender: DataChannelSender) => this.open.delete(sender.channelId),
            finished: (sender: DataChannelSender) => {
                this.sending.delete(sender);
                pacer.remove(sender);
            },
        };
        return new DataChannelSender(host, this.channel(options.channelId), options);
    }

    private channel(channelId: number): OutgoingChannel {
        let channel = this.channels.get(channelId);
        if (!channel) {
            const tell = (participantIds: string[] | null) =>
                this.requests.send('data.recipients', { channelId, participantIds });
            const recipients = new Recipients(this.roster, tell);
            channel = { recipients, marks: { Durable: 0, Lossy: 0 }, nextSequenceNumber: 1 };
            this.channels.set(channelId, channel);
        }
        return channel;
    }

    private freeChannel(): number {
        let channelId = 1;
        while (this.open.has(channelId)) channelId += 1;
        return channelId;
    }

    private readonly rosterUpdated = ({ removed }: CollectionUpdate<RemoteParticipant>) => {
        this.receivers.rosterUpdated(removed);
        for (const sender of [...this.sending]) sender.prepare();
    };

    private readonly holdChanged = () => this.pacer.setPaused(this.media.isOnHold);
}
