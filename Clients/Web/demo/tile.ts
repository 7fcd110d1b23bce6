import {
    VideoStreamRenderer,
    type LocalVideoStream,
    type RemoteParticipant,
    type RemoteVideoStream,
    type VideoStreamRendererView,
} from '/sdk/switchboard-calling.js';
import { avatar, make, paintAvatar, show } from './dom';
import { icon } from './icons';
import { describeError } from './messages';
import { nameOf } from './names';

/** A place that shows one video stream, or another, or none. */
export class Screen {
    readonly element = make('div', 'tile-video');
    private stream: LocalVideoStream | RemoteVideoStream | undefined;
    private renderer: VideoStreamRenderer | undefined;

    constructor(
        private readonly scalingMode: 'Crop' | 'Fit',
        private readonly failed: (message: string) => void,
    ) {}

    show(stream: LocalVideoStream | RemoteVideoStream | undefined, isMirrored = false): void {
        if (stream === this.stream) return;
        this.renderer?.dispose();
        this.stream = stream;
        this.renderer = stream && new VideoStreamRenderer(stream);
        this.renderer
            ?.createView({ scalingMode: this.scalingMode, isMirrored })
            .then((view: VideoStreamRendererView) => {
                if (stream === this.stream) this.element.replaceChildren(view.target);
            })
            .catch(error => {
                if (stream === this.stream) this.failed(describeError(error));
            });
    }
}

/** The picture of one person, with name and state. */
export class Tile {
    readonly element = make('div', 'tile');
    private readonly screen = new Screen('Crop', message => this.setText(message));
    private readonly face: HTMLElement;
    private readonly text = make('p', 'hint');
    private readonly label = make('bdi');
    private readonly mutedIcon = icon('mic-off');
    private readonly statistics = statisticsPlace();
    private readonly faceName: string | undefined;

    /** `faceName` gives the letters that stand for a missing picture. */
    constructor(private name: string, faceName?: string) {
        this.face = avatar(faceName ?? name);
        this.faceName = faceName;
        this.element.setAttribute('role', 'listitem');
        this.element.append(
            this.screen.element,
            make('div', 'tile-centre', this.face, this.text),
            make('div', 'tile-name', this.mutedIcon, this.label),
            this.statistics,
        );
        this.setName(name);
        this.setMuted(false);
        this.setText('');
    }

    setName(name: string): void {
        this.name = name;
        this.label.textContent = name;
        paintAvatar(this.face, this.faceName ?? name);
    }

    setMuted(muted: boolean): void {
        this.mutedIcon.style.display = muted ? '' : 'none';
        this.element.setAttribute('aria-label', muted ? `${this.name}, muted` : this.name);
    }

    setSpeaking(speaking: boolean): void {
        this.element.classList.toggle('speaking', speaking);
    }

    /** What is to be said instead of, or over, the picture. */
    setText(text: string, dim = false): void {
        this.text.textContent = text;
        show(this.text, text !== '');
        this.element.classList.toggle('dim', dim);
    }

    /** Numbers over the picture; empty takes them away. */
    setStatistics(text: string): void {
        writeStatistics(this.statistics, text);
    }

    showVideo(stream: LocalVideoStream | RemoteVideoStream | undefined, visible: boolean, mirrored = false): void {
        this.screen.show(stream, mirrored);
        this.face.style.visibility = visible ? 'hidden' : 'visible';
    }
}

/** A place for numbers over a picture. */
export function statisticsPlace(): HTMLElement {
    const place = make('pre', 'statistics');
    show(place, false);
    return place;
}

export function writeStatistics(place: HTMLElement, text: string): void {
    place.textContent = text;
    show(place, text !== '');
}

const stateTexts: Partial<Record<RemoteParticipant['state'], string>> = {
    Idle: 'Calling…',
    Connecting: 'Connecting…',
    Ringing: 'Ringing…',
    Hold: 'On hold',
    Reconnecting: 'Reconnecting…',
};

/** The tile of a remote participant, kept up to date. */
export class RemoteTile {
    readonly tile: Tile;
    private readonly watched = new Set<RemoteVideoStream>();

    /** `changed` is called when something of the participant changes that may concern more than this tile. */
    constructor(readonly participant: RemoteParticipant, private readonly changed: () => void) {
        this.tile = new Tile(nameOf(participant));
        participant.on('stateChanged', this.update);
        participant.on('isMutedChanged', this.update);
        participant.on('isSpeakingChanged', this.update);
        participant.on('displayNameChanged', this.update);
        participant.on('videoStreamsUpdated', this.update);
        this.update();
    }

    dispose(): void {
        const { participant } = this;
        participant.off('stateChanged', this.update);
        participant.off('isMutedChanged', this.update);
        participant.off('isSpeakingChanged', this.update);
        participant.off('displayNameChanged', this.update);
        participant.off('videoStreamsUpdated', this.update);
        for (const stream of this.watched) this.watch(stream, false);
        this.tile.showVideo(undefined, false);
        this.tile.element.remove();
    }

    private readonly update = () => {
        const { participant, tile } = this;
        for (const stream of participant.videoStreams) if (!this.watched.has(stream)) this.watch(stream, true);
        tile.setName(nameOf(participant));
        tile.setMuted(participant.isMuted && participant.state === 'Connected');
        tile.setSpeaking(participant.isSpeaking);
        const camera = participant.videoStreams.find(it => it.mediaStreamType === 'Video' && it.isAvailable);
        tile.showVideo(camera, camera?.isReceiving ?? false);
        const state = stateTexts[participant.state] ?? '';
        tile.setText(state || camera?.unavailableReason?.message || '', state !== '');
        this.changed();
    };

    private watch(stream: RemoteVideoStream, on: boolean): void {
        for (const event of ['isAvailableChanged', 'isReceivingChanged', 'unavailableReasonChanged'] as const) {
            if (on) stream.on(event, this.update);
            else stream.off(event, this.update);
        }
        if (on) this.watched.add(stream);
        else this.watched.delete(stream);
    }
}
