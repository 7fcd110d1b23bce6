import {
    getIdentifierRawId,
    type Call,
    type CommunicationIdentifier,
    type MediaStatsReportSample,
    type RemoteVideoStream,
} from '/sdk/switchboard-calling.js';
import { byId, make, show } from './dom';
import { icon } from './icons';
import { describeIncoming, describeOutgoing } from './statistics';
import { nameOf, RemoteTile, Screen, statisticsPlace, Tile, writeStatistics } from './tile';

/** The pictures of a call: a tile for everybody, and a stage when somebody shares a screen. */
export class Gallery {
    private readonly scene = byId('scene');
    private readonly stage = byId('stage');
    private readonly tiles = byId('tiles');
    private readonly self: Tile;
    private readonly remote = new Map<object, RemoteTile>();
    private readonly stageScreen = new Screen('Fit', message => this.setStageText(message));
    private readonly stageText = make('p', 'hint');
    private readonly stageLabel = make('span');
    private readonly stageStatistics = statisticsPlace();
    private staged: RemoteVideoStream | undefined;
    private readonly observer = new ResizeObserver(() => this.layOut());
    private readonly listeners: (() => void)[] = [];

    constructor(private readonly call: Call, selfName: string) {
        this.self = new Tile(`${selfName} (you)`, selfName);
        this.tiles.replaceChildren(this.self.element);
        this.stage.replaceChildren(
            this.stageScreen.element,
            make('div', 'tile-centre', this.stageText),
            make('div', 'tile-name', icon('share'), this.stageLabel),
            this.stageStatistics,
        );
        this.observer.observe(this.tiles);
        const updateRemote = () => this.updateRemote();
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
        return found?.tile.element;
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

    private updateRemote(): void {
        const present = new Set<object>(this.call.remoteParticipants);
        for (const [participant, tile] of this.remote) {
            if (present.has(participant)) continue;
            tile.dispose();
            this.remote.delete(participant);
        }
        for (const participant of this.call.remoteParticipants) {
            if (this.remote.has(participant)) continue;
            const tile = new RemoteTile(participant, () => this.updateStage());
            this.remote.set(participant, tile);
            this.tiles.insertBefore(tile.tile.element, this.self.element);
        }
        this.updateStage();
        this.layOut();
    }

    private updateStage(): void {
        const sharing = [...this.remote.values()].find(tile => tile.share);
        const share = sharing?.share;
        this.stageLabel.textContent = sharing ? `${nameOf(sharing.participant)} shares a screen` : '';
        this.setStageText(share?.unavailableReason?.message ?? '');
        if (share === this.staged) return;
        this.staged = share;
        this.stageScreen.show(share);
        show(this.stage, share !== undefined);
        this.scene.classList.toggle('staged', share !== undefined);
        this.layOut();
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
