import { Features, type Call, type CommunicationIdentifier, type DataChannelSender } from '/sdk/switchboard-calling.js';
import { byId, make } from './dom';
import { icon } from './icons';

/** Which data channel the page's hearts travel on. A heart that is lost is not worth sending again. */
const channelId = 101;
/** How long a heart flies, milliseconds; as in demo.css. */
const flight = 2_400;
/** The most that fly at the same time, however many somebody sends. */
const mostFlying = 50;

/** Hearts that fly over the picture of whoever sends them, as data of the call. */
export class Hearts {
    private readonly button = byId<HTMLButtonElement>('heart');
    private readonly sender: DataChannelSender;

    /** `placeOf` gives the picture of a person; undefined is this one. */
    constructor(call: Call, private readonly placeOf: (who?: CommunicationIdentifier) => HTMLElement | undefined) {
        const data = call.feature(Features.DataChannel);
        this.sender = data.createDataChannelSender({ channelId, reliability: 'Lossy' });
        data.on('dataChannelReceiverCreated', receiver => {
            if (receiver.channelId !== channelId) return;
            receiver.on('messageReady', () => {
                while (receiver.readMessage()) this.fly(receiver.senderParticipantIdentifier);
            });
        });
        this.button.addEventListener('click', this.send);
    }

    dispose(): void {
        this.button.removeEventListener('click', this.send);
    }

    private readonly send = () => {
        this.fly();
        // Whether it arrives or not, the call goes on.
        this.sender.sendMessage(new Uint8Array()).catch(() => {});
    };

    private fly(who?: CommunicationIdentifier): void {
        if (document.querySelectorAll('.heart').length >= mostFlying) return;
        const heart = make('span', 'heart', icon('heart'));
        heart.style.setProperty('--from', `${Math.random() * 3 - 1.5}rem`);
        heart.style.setProperty('--sway', `${Math.random() * 4 - 2}rem`);
        this.placeOf(who)?.append(heart);
        setTimeout(() => heart.remove(), flight);
    }
}
