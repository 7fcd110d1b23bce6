import { LocalVideoStream, type Call, type VideoDeviceInfo } from '/sdk/switchboard-calling.js';
import { byId, show } from './dom';
import type { DeviceDialog } from './device-dialog';
import { oncePerFrame } from './frames';
import { Gallery } from './gallery';
import { Hearts } from './hearts';
import { icon } from './icons';
import { describeEnd, describeError } from './messages';
import type { Ring } from './ring';
import { RosterPanel } from './roster-panel';
import { Statistics } from './statistics';
import { toast } from './toasts';

/** What is seen and done during a call. */
export class CallView {
    private readonly section = byId('call');
    private readonly buttons = {
        mic: byId<HTMLButtonElement>('toggle-mic'),
        camera: byId<HTMLButtonElement>('toggle-camera'),
        share: byId<HTMLButtonElement>('toggle-share'),
        hold: byId<HTMLButtonElement>('toggle-hold'),
        roster: byId<HTMLButtonElement>('toggle-roster'),
        statistics: byId<HTMLButtonElement>('toggle-statistics'),
        hangUp: byId<HTMLButtonElement>('hang-up'),
        endForAll: byId<HTMLButtonElement>('end-for-all'),
    };
    private readonly roster = new RosterPanel(() => this.update());
    private call: Call | undefined;
    private gallery: Gallery | undefined;
    private hearts: Hearts | undefined;
    private statistics: Statistics | undefined;
    private cameraStarting = false;

    constructor(
        private readonly devices: DeviceDialog,
        private readonly ring: Ring,
        private readonly ended: (call: Call) => void,
    ) {
        this.buttons.mic.addEventListener('click', () => this.toggleMicrophone());
        this.buttons.camera.addEventListener('click', () => this.toggleCamera());
        this.buttons.share.addEventListener('click', () => this.toggleShare());
        this.buttons.hold.addEventListener('click', () => this.toggleHold());
        this.buttons.roster.addEventListener('click', () => this.roster.toggle());
        this.buttons.statistics.addEventListener('click', () => this.toggleStatistics());
        this.buttons.hangUp.addEventListener('click', () => this.attempt(call => call.hangUp()));
        this.buttons.endForAll.addEventListener('click', () => {
            void this.attempt(call => call.hangUp({ forEveryone: true }));
        });
        paint(this.buttons.hangUp, 'hang-up', 'Leave', 'Hang up (Shift+X)');
        paint(this.buttons.endForAll, 'end', 'End for all', 'End the call for everyone');
        document.addEventListener('keydown', event => this.key(event));
    }

    /** Shows `call` until it ends. */
    attach(call: Call, selfName: string): void {
        this.call = call;
        this.gallery = new Gallery(call, selfName, () => this.roster.toggle(true));
        this.hearts = new Hearts(call, who => this.gallery?.tileOf(who));
        this.statistics = new Statistics(call, sample => this.gallery?.showStatistics(sample));
        this.roster.attach(call, selfName);
        show(this.section, true);
        const events = [
            'isMutedChanged',
            'isLocalVideoStartedChanged',
            'isScreenSharingOnChanged',
            'remoteParticipantsUpdated',
            'isReconnectingChanged',
            'isAudioPlaybackBlockedChanged',
            'isGroupCallChanged',
        ] as const;
        for (const event of events) call.on(event, this.update);
        call.on('stateChanged', this.stateChanged);
        call.on('mutedByOthers', () => toast('Somebody muted your microphone.'));
        call.on('localMediaErrorsChanged', this.showMediaErrors);
        call.on('localMediaErrorsChanged', this.update);
        this.stateChanged();
        this.showMediaErrors();
        this.buttons.mic.focus();
    }

    /** Takes another camera while one is sent. */
    switchCamera(camera: VideoDeviceInfo): void {
        const stream = this.call?.localVideoStreams.find(it => it.mediaStreamType === 'Video');
        if (!stream || stream.source?.id === camera.id) return;
        stream.switchSource(camera).catch(error => toast(describeError(error), true));
    }

    private readonly stateChanged = () => {
        const call = this.call;
        if (!call) return;
        const calling = call.direction === 'Outgoing' && !call.isGroupCall;
        const waiting = calling && ['Connecting', 'Ringing'].includes(call.state);
        if (waiting) this.ring.start('calling');
        else this.ring.stop();
        if (call.state === 'Disconnected') {
            const { text, problem } = describeEnd(call.callEndReason);
            toast(text, problem);
            this.detach();
            this.ended(call);
            return;
        }
        this.updateNow();
    };

    private detach(): void {
        this.statistics = undefined;
        this.hearts?.dispose();
        this.hearts = undefined;
        this.gallery?.dispose();
        this.gallery = undefined;
        this.roster.attach(undefined, '');
        this.call = undefined;
        show(this.section, false);
    }

    private readonly update = oncePerFrame(() => this.updateNow());

    private updateNow(): void {
        const call = this.call;
        if (!call) return;
        const { mic, camera, share, hold, roster, statistics, endForAll } = this.buttons;
        const onHold = call.state === 'LocalHold';
        const connected = call.state === 'Connected';
        const microphoneError = call.localMediaErrors.microphone;
        if (microphoneError) paint(mic, 'mic-off', 'No microphone', describeError(microphoneError));
        else paint(mic, call.isMuted ? 'mic-off' : 'mic', call.isMuted ? 'Unmute' : 'Mute', 'Microphone (M)');
        mic.classList.toggle('off', call.isMuted || microphoneError !== undefined);
        paint(
            camera,
            call.isLocalVideoStarted ? 'camera' : 'camera-off',
            call.isLocalVideoStarted ? 'Camera on' : 'Camera off',
            'Camera (V)',
        );
        camera.classList.toggle('on', call.isLocalVideoStarted);
        camera.disabled = this.cameraStarting || onHold;
        const shareText = call.isScreenSharingOn ? 'Stop' : 'Share';
        paint(share, 'share', shareText, 'Share the screen (S)');
        share.classList.toggle('on', call.isScreenSharingOn);
        share.disabled = !connected || typeof navigator.mediaDevices?.getDisplayMedia !== 'function';
        paint(hold, onHold ? 'play' : 'pause', onHold ? 'Resume' : 'Hold', 'Hold or resume (H)');
        hold.classList.toggle('off', onHold);
        hold.disabled = !connected && !onHold;
        paint(roster, 'people', `People ${call.totalParticipantCount}`, 'People (P)', this.roster.isVisible);
        roster.classList.toggle('on', this.roster.isVisible);
        const measured = this.statistics?.isOn ?? false;
        paint(statistics, 'chart', 'Quality', 'Numbers over the pictures (Q)', measured);
        statistics.classList.toggle('on', measured);
        show(endForAll, call.isGroupCall);
        this.updateNotice(call);
    }

    private updateNotice(call: Call): void {
        const notice = byId('notice');
        const text = noticeFor(call);
        if (notice.firstChild?.textContent !== text) notice.replaceChildren(text);
        show(notice, text !== '');
    }

    private readonly showMediaErrors = () => {
        const { microphone, camera, screen } = this.call?.localMediaErrors ?? {};
        for (const error of [microphone, camera, screen]) if (error) toast(describeError(error), true);
    };

    private toggleMicrophone(): void {
        void this.attempt(async call => {
            const isMissing = call.localMediaErrors.microphone !== undefined;
            if (!call.isMuted && !isMissing) {
                await call.mute();
                return;
            }
            if (call.isMuted) await call.unmute();
            // A microphone that failed at the beginning is tried again when somebody wants to speak.
            if (isMissing) await call.startAudio();
        });
    }

    private toggleCamera(): void {
        if (this.cameraStarting) return;
        void this.attempt(async call => {
            const stream = call.localVideoStreams.find(it => it.mediaStreamType !== 'ScreenSharing');
            if (stream) {
                await call.stopVideo(stream);
                return;
            }
            this.cameraStarting = true;
            this.update();
            try {
                await call.startVideo(await this.cameraStream());
            } finally {
                this.cameraStarting = false;
                this.update();
            }
        });
    }

    /** A stream of the chosen camera. The browser chooses while it does not tell which cameras there are. */
    async cameraStream(): Promise<LocalVideoStream> {
        const camera = await this.devices.camera();
        return new LocalVideoStream(camera ?? { id: 'camera:', name: '', deviceType: 'Unknown' });
    }

    private toggleShare(): void {
        void this.attempt(call => (call.isScreenSharingOn ? call.stopScreenSharing() : call.startScreenSharing()));
    }

    private toggleStatistics(): void {
        this.statistics?.toggle();
        this.update();
    }

    private toggleHold(): void {
        void this.attempt(call => (call.state === 'LocalHold' ? call.resume() : call.hold()));
    }

    private async attempt(action: (call: Call) => Promise<void>): Promise<void> {
        if (!this.call) return;
        try {
            await action(this.call);
        } catch (error) {
            toast(describeError(error), true);
        }
    }

    private key(event: KeyboardEvent): void {
        const target = event.target as HTMLElement;
        if (!this.call || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector('dialog[open]')) return;
        const actions: Record<string, () => void> = {
            m: () => this.buttons.mic.click(),
            v: () => this.buttons.camera.click(),
            s: () => this.buttons.share.click(),
            h: () => this.buttons.hold.click(),
            p: () => this.roster.toggle(),
            q: () => this.toggleStatistics(),
            l: () => byId('heart').click(),
            X: () => this.buttons.hangUp.click(),
            Escape: () => this.roster.isVisible && this.roster.toggle(false),
        };
        const action = actions[event.key];
        if (!action) return;
        event.preventDefault();
        action();
    }
}

function noticeFor(call: Call): string {
    if (call.isReconnecting) return 'The connection was interrupted. Trying to get back into the call…';
    if (call.isAudioPlaybackBlocked) return 'The browser keeps the call silent: click or press any key to hear it.';
    if (call.state === 'LocalHold') return 'You are on hold: nobody sees or hears you.';
    if (call.state === 'RemoteHold') return 'The other person has put you on hold.';
    if (call.state === 'Connecting') return 'Connecting…';
    if (call.state === 'Ringing') return 'Ringing…';
    if (call.remoteParticipants.length === 0) return 'You are the only one here so far.';
    return '';
}

/**
 * Draws a button. `pressed` is for one whose words stay the same: words that say what the button does next, and a state
 * besides, would be heard as "Mute, pressed" for an open microphone.
 */
function paint(button: HTMLButtonElement, iconName: string, text: string, title: string, pressed?: boolean): void {
    if (button.dataset.drawn !== iconName + text) {
        button.replaceChildren(icon(iconName), text);
        button.dataset.drawn = iconName + text;
    }
    button.title = title;
    if (pressed !== undefined) button.setAttribute('aria-pressed', String(pressed));
}
