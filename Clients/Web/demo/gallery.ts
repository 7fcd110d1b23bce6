import {
    getIdentifierRawId,
    type Call,
    type CommunicationIdentifier,
    type MediaStatsReportSample,
    type RemoteParticipant,
    type RemoteVideoStream,
} from '/sdk/switchboard-calling.js';
import { byId, make, show } from './dom';
import { oncePerFrame } from './frames';
import { icon } from './icons';
import { nameOf } from './names';
import { mostInteresting, Presence, type TileLimits } from './presence';
import { describeIncoming, describeOutgoing } from './statistics';
import { RemoteTile, Screen, statisticsPlace, Tile, writeStatistics } from './tile';

/** A receiver has no more than 25 places for pictures. */
const wideLimits: TileLimits = { everybody: 16, pictures: 24, speakers: 9 };
const narrowLimits: TileLimits = { everybody: 8, pictures: 8, speakers: 6 };

/**
 * The pictures of a call: a tile for everybody, or in a large call for those who send a picture or speak, and a stage
 * when somebody shares a screen.
 */
export class Gallery {
    private readonly scene = byId('scene');
    private readonly stage = byId('stage');
    private readonly tiles = byId('tiles');
    private readonly self: Tile;
    private readonly people = new Map<RemoteParticipant, Presence>();
    private readonly remote = new Map<Presence, RemoteTile>();
    private readonly others = make('button', 'tile others');
    private readonly stageScreen = new Screen('Fit', message => this.setStageText(message));
    private readonly stageText = make('p', 'hint');
    private readonly stageLabel = make('span');
    private readonly stageStatistics = statisticsPlace();
    private staged: RemoteVideoStream | undefined;
    private readonly observer = new ResizeObserver(() => this.updateRemote());
    private readonly listeners: (() => void)[] = [];
    private isDisposed = false;

    /** `showEverybody` is called by whoever wants to see those who have no tile. */
    constructor(private readonly call: Call, selfName: string, showEverybody: () => void) {
        this.self = new Tile(`${selfName} (you)`, selfName);
        this.others.type = 'button';
        this.others.addEventListener('click', showEverybody);
        this.tiles.replaceChildren(this.self.element);
        this.stage.replaceChildren(
            this.stageScreen.element,
            make('div', 'tile-centre', this.stageText),
            make('div', 'tile-name', icon('share'), this.stageLabel),
            this.stageStatistics,
        );
        this.observer.observe(this.tiles);
        const updateRemote = this.updateRemote;
        const updateSelf = () => this.updateSelf();
        call.on('remoteParticipantsUpdated', updateRemote);
        call.on('localVideoStreamsUpdated', updateSelf);
        call.on('isMutedChanged', updateSelf);
        call.on('stateChanged', updateSelf);
        this.listeners.push(
            () => call.off('remoteParticipantsUpdated', updateRemote),
            () => call.off('localVideoStreamsUpdated', updateSelf),
            () => call.off('isMutedChanged', updateSelf),
            () => call.off('stateChanged', updateSelf),
        );
        this.updateRemote();
        this.updateSelf();
    }

    dispose(): void {
        this.isDisposed = true;
        for (const person of this.people.values()) person.dispose();
        for (const stop of this.listeners) stop();
        this.observer.disconnect();
        this.stageScreen.show(undefined);
        this.self.showVideo(undefined, false);
        for (const tile of this.remote.values()) tile.dispose();
        this.tiles.replaceChildren();
        show(this.stage, false);
        this.scene.classList.remove('staged');
    }

    /** The tile of a person; undefined is the one at this page. */
    tileOf(who?: CommunicationIdentifier): HTMLElement | undefined {
        if (!who) return this.self.element;
        const id = getIdentifierRawId(who);
        const found = [...this.remote.values()].find(it => getIdentifierRawId(it.participant.identifier) === id);
        return found?.tile.element ?? (this.others.isConnected ? this.others : undefined);
    }

    /** Shows numbers over the pictures, or takes them away. */
    showStatistics(sample: MediaStatsReportSample | undefined): void {
        for (const { participant, tile } of this.remote.values()) {
            const ids = participant.endpointDetails.map(it => it.participantId);
            const stats = sample?.video.receive.find(it => ids.includes(it.participantId ?? ''));
            tile.setStatistics(stats ? describeIncoming(stats) : '');
        }
        const [share] = sample?.screenShare.receive ?? [];
        writeStatistics(this.stageStatistics, share && this.staged ? describeIncoming(share) : '');
        const own = this.call.isLocalVideoStarted && sample ? describeOutgoing(sample.video.send) : '';
        this.self.setStatistics(own);
    }

    private updateSelf(): void {
        const camera = this.call.localVideoStreams.find(it => it.mediaStreamType !== 'ScreenSharing');
        const onHold = this.call.state === 'LocalHold';
        this.self.showVideo(onHold ? undefined : camera, camera !== undefined && !onHold, true);
        this.self.setMuted(this.call.isMuted);
        this.self.setText(onHold ? 'On hold' : '', onHold);
    }

    private readonly updateRemote = oncePerFrame(() => {
        if (this.isDisposed) return;
        const present = new Set(this.call.remoteParticipants);
        for (const [participant, person] of this.people) {
            if (present.has(participant)) continue;
            person.dispose();
            this.people.delete(participant);
        }
        for (const participant of present) {
            if (this.people.has(participant)) continue;
            this.people.set(participant, new Presence(participant, this.updateRemote));
        }
        this.updateTiles();
        this.updateStage();
        this.layOut();
    });

    private updateTiles(): void {
        const everybody = [...this.people.values()];
        const isNarrow = window.matchMedia('(max-width: 720px)').matches;
        const shown = mostInteresting(everybody, isNarrow ? narrowLimits : wideLimits);
        for (const [person, tile] of this.remote) {
            if (shown.has(person)) continue;
            tile.dispose();
            this.remote.delete(person);
        }
        for (const person of shown) {
            if (this.remote.has(person)) continue;
            const tile = new RemoteTile(person.participant, this.updateRemote);
            this.remote.set(person, tile);
            this.tiles.insertBefore(tile.tile.element, this.self.element);
        }
        // Pictures come first by style alone: a video that is moved within the page stops for a moment.
        for (const [person, tile] of this.remote) tile.tile.element.style.order = person.sendsPicture ? '0' : '1';
        const hidden = everybody.length - shown.size;
        if (hidden > 0) {
            this.others.replaceChildren(make('b', '', `+${hidden}`), 'more people');
            this.tiles.append(this.others);
        } else {
            this.others.remove();
        }
    }

    private updateStage(): void {
        const sharing = [...this.people.values()].find(it => it.share);
        const share = sharing?.share;
        this.stageLabel.textContent = sharing ? `${nameOf(sharing.participant)} shares a screen` : '';
        this.setStageText(share?.unavailableReason?.message ?? '');
        if (share === this.staged) return;
        this.staged = share;
        this.stageScreen.show(share);
        show(this.stage, share !== undefined);
        this.scene.classList.toggle('staged', share !== undefined);
    }

    private setStageText(text: string): void {
        this.stageText.textContent = text;
    }

    /** Finds the number of columns with which the tiles become largest. */
    private layOut(): void {
        const count = this.tiles.children.length;
        const style = getComputedStyle(this.tiles);
        const gap = parseFloat(style.columnGap) || 0;
        const width = this.tiles.clientWidth - 6;
        const height = this.tiles.clientHeight - 6;
        let best = 0;
        for (let columns = 1; columns <= count; columns += 1) {
            const rows = Math.ceil(count / columns);
            const byWidth = (width - gap * (columns - 1)) / columns;
            const byHeight = ((height - gap * (rows - 1)) / rows) * (16 / 9);
            best = Math.max(best, Math.min(byWidth, byHeight));
        }
        this.tiles.style.setProperty('--tile-width', `${Math.max(120, Math.floor(best))}px`);
    }
}
