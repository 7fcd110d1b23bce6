// Stand-ins for what browsers have and node has not, and a signed-in agent on top of them.
import { mock } from 'node:test';
import { readFileSync } from 'node:fs';

const goldenFolder = new URL('../../../Tests/Golden/signalling/', import.meta.url);

/** A golden message by file name. */
export function golden(name) {
    return JSON.parse(readFileSync(new URL(`${name}.json`, goldenFolder), 'utf8')).message;
}

export class StubSocket {
    static all = [];
    static get last() {
        return StubSocket.all[StubSocket.all.length - 1];
    }

    readyState = 0;
    sent = [];

    constructor(url) {
        this.url = url;
        StubSocket.all.push(this);
    }

    open() {
        this.readyState = 1;
        this.onopen?.({});
    }

    send(text) {
        this.sent.push(JSON.parse(text));
    }

    receive(message) {
        this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
    }

    /** The server closes, or the network breaks. */
    drop(code = 1006) {
        this.readyState = 3;
        this.onclose?.({ code, reason: '' });
    }

    close(code) {
        this.readyState = 3;
        this.closedWith = code ?? 1005;
    }

    /** The last message of that type. */
    find(type) {
        return this.sent.filter(message => message.type === type).at(-1);
    }

    count(type) {
        return this.sent.filter(message => message.type === type).length;
    }

    /** Answers the last request of that type. */
    reply(type, members = {}) {
        this.receive({ type: 'reply', to: this.find(type).id, ...members });
    }

    fail(type, error) {
        this.receive({ type: 'error', to: this.find(type).id, error });
    }
}

export class StubTrack extends EventTarget {
    enabled = true;
    readyState = 'live';
    contentHint = '';

    constructor(kind) {
        super();
        this.kind = kind;
    }

    stop() {
        this.readyState = 'ended';
    }

    /** What the device delivers; tests change it. */
    settings = { width: 1280, height: 720, frameRate: 30 };

    getSettings() {
        return this.settings;
    }

    /** The device is pulled out. */
    unplug() {
        this.readyState = 'ended';
        this.dispatchEvent(new Event('ended'));
    }
}

export class StubStream {
    constructor(tracks = []) {
        this.tracks = [...tracks];
    }
    getTracks() {
        return this.tracks;
    }
    getAudioTracks() {
        return this.tracks.filter(track => track.kind === 'audio');
    }
    getVideoTracks() {
        return this.tracks.filter(track => track.kind === 'video');
    }
}

/** Parameters as browsers have them: read before each write, one write at a time, as many encodings as in the beginning. */
export class StubSender {
    track = null;
    /** How often parameters were set. */
    writes = 0;
    /** Scalability modes that are refused, as for a codec without them. */
    refusedModes = [];
    refusedPreferences = [];
    #read = false;
    #writing = false;

    constructor(encodings = [{}]) {
        this.parameters = { encodings: structuredClone(encodings), codecs: [] };
    }
    async getStats() {
        return new Map();
    }
    async replaceTrack(track) {
        this.track = track;
    }
    getParameters() {
        this.#read = true;
        return structuredClone(this.parameters);
    }
    async setParameters(parameters) {
        const refuse = (name, text) => Promise.reject(Object.assign(new Error(text), { name }));
        if (!this.#read || this.#writing) return refuse('InvalidStateError', 'not read, or still writing');
        this.#read = false;
        this.#writing = true;
        await Promise.resolve();
        this.#writing = false;
        if (parameters.encodings.length !== this.parameters.encodings.length) {
            return refuse('InvalidModificationError', 'another number of encodings');
        }
        if (this.refusedPreferences.includes(parameters.degradationPreference)) {
            return refuse('TypeError', 'not a value of the enumeration');
        }
        if (parameters.encodings.some(it => this.refusedModes.includes(it.scalabilityMode))) {
            return refuse('OperationError', 'the codec has no such mode');
        }
        this.writes += 1;
        this.parameters = structuredClone(parameters);
    }
    /** What is sent: layer by layer name, scale and limit. */
    get layers() {
        return this.parameters.encodings
            .filter(it => it.active !== false)
            .map(it => [it.rid, it.scaleResolutionDownBy, it.maxBitrate]);
    }
}

export class StubDataChannel extends EventTarget {
    readyState = 'connecting';
    bufferedAmount = 0;
    /** Frames as numbers of channel and message and the text of the payload. */
    sent = [];

    constructor(label, options) {
        super();
        Object.assign(this, { label, options, protocol: '' });
    }

    /** The association is up. */
    open() {
        this.readyState = 'open';
        this.dispatchEvent(new Event('open'));
    }

    send(frame) {
        if (this.readyState !== 'open') throw Object.assign(new Error('not open'), { name: 'InvalidStateError' });
        if (this.holds) this.bufferedAmount += frame.byteLength;
        const header = new DataView(frame.buffer, frame.byteOffset);
        this.sent.push([header.getUint16(2), header.getUint32(4), Buffer.from(frame.subarray(8)).toString()]);
    }

    /** The network takes what waits. */
    drain(left = 0) {
        this.bufferedAmount = left;
        this.dispatchEvent(new Event('bufferedamountlow'));
    }

    /** The server says what became of a durable message; no word means that it has taken it. */
    confirm(channelId, sequenceNumber, refusal = '') {
        this.deliver('', channelId, sequenceNumber, refusal);
    }

    /** The server hands on a message. */
    deliver(participantId, channelId, sequenceNumber, text) {
        const id = Buffer.from(participantId);
        const payload = Buffer.from(text);
        const data = new ArrayBuffer(8 + id.length + payload.length);
        const header = new DataView(data);
        header.setUint8(0, 1);
        header.setUint8(1, id.length);
        header.setUint16(2, channelId);
        header.setUint32(4, sequenceNumber);
        new Uint8Array(data, 8).set([...id, ...payload]);
        this.dispatchEvent(Object.assign(new Event('message'), { data }));
    }

    close() {
        this.readyState = 'closed';
        this.dispatchEvent(new Event('close'));
    }
}

/** Gives the SDP of the golden messages, and one mid after the other. */
export class StubPeerConnection extends EventTarget {
    static all = [];
    static get last() {
        return StubPeerConnection.all[StubPeerConnection.all.length - 1];
    }

    signalingState = 'stable';
    connectionState = 'new';
    iceConnectionState = 'new';
    localDescription = null;
    transceivers = [];
    /** Data channels by label, the latest of each. */
    data = {};
    offers = [];

    constructor(configuration = {}) {
        super();
        this.configuration = configuration;
        StubPeerConnection.all.push(this);
    }

    getConfiguration() {
        return this.configuration;
    }

    setConfiguration(configuration) {
        this.configuration = configuration;
    }

    getTransceivers() {
        return this.transceivers;
    }

    /** What the browser measured; tests change it. */
    report = [];

    async getStats() {
        return new Map(this.report.map(entry => [entry.id, entry]));
    }

    addTransceiver(kind, init) {
        const transceiver = {
            kind,
            direction: init.direction,
            currentDirection: null,
            mid: null,
            sender: new StubSender(init.sendEncodings),
            receiver: { track: new StubTrack(kind) },
            preferences: undefined,
            setCodecPreferences(codecs) {
                this.preferences = codecs;
            },
        };
        this.transceivers.push(transceiver);
        return transceiver;
    }

    createDataChannel(label, options) {
        return (this.data[label] = new StubDataChannel(label, options));
    }

    async createOffer(options = {}) {
        this.offers.push(options);
        return { type: 'offer', sdp: golden('call.start.withMedia').media.sdp };
    }

    async setLocalDescription(description) {
        if (description.type === 'rollback') {
            this.signalingState = 'stable';
            return;
        }
        this.signalingState = 'have-local-offer';
        this.localDescription = description;
        this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
    }

    async setRemoteDescription(description) {
        this.signalingState = 'stable';
        this.remoteDescription = description;
        for (const transceiver of this.transceivers) transceiver.currentDirection = transceiver.direction;
    }

    close() {
        this.connectionState = 'closed';
    }

    become(connectionState, iceConnectionState = connectionState) {
        this.connectionState = connectionState;
        this.iceConnectionState = iceConnectionState;
        this.dispatchEvent(new Event('connectionstatechange'));
        this.dispatchEvent(new Event('iceconnectionstatechange'));
    }
}

class StubElement extends EventTarget {
    style = {};
    isConnected = true;
    children = [];
    clientWidth = 0;
    clientHeight = 0;
    setAttribute() {}
    appendChild(child) {
        this.children.push(child);
    }
    remove() {
        this.removed = true;
    }
    async play() {
        if (StubElement.playRefused) throw Object.assign(new Error('not yet'), { name: 'NotAllowedError' });
    }
}

export { StubElement };

export class StubResizeObserver {
    static all = [];
    constructor(callback) {
        this.callback = callback;
        StubResizeObserver.all.push(this);
    }
    observe(element) {
        this.element = element;
    }
    disconnect() {}
    /** The layout gives the element a size. */
    resize(width, height) {
        Object.assign(this.element, { clientWidth: width, clientHeight: height });
        this.callback();
    }
}

export class StubIntersectionObserver {
    static all = [];
    constructor(callback) {
        this.callback = callback;
        StubIntersectionObserver.all.push(this);
    }
    observe(element) {
        this.element = element;
    }
    disconnect() {}
    /** The element comes into sight or goes out of it. */
    see(isIntersecting) {
        this.callback([{ isIntersecting }]);
    }
}

/** What the stub devices do; tests change it. */
export const devices = {
    list: [],
    refuse: undefined,
    streams: [],
};

const mediaDevices = Object.assign(new EventTarget(), {
    async enumerateDevices() {
        return devices.list;
    },
    async getUserMedia(constraints) {
        if (devices.refuse) throw Object.assign(new Error('refused'), { name: devices.refuse });
        const stream = new StubStream([new StubTrack(constraints.video ? 'video' : 'audio')]);
        stream.constraints = constraints;
        devices.streams.push(stream);
        return stream;
    },
    async getDisplayMedia() {
        if (devices.refuse) throw Object.assign(new Error('refused'), { name: devices.refuse });
        const stream = new StubStream([new StubTrack('video')]);
        devices.streams.push(stream);
        return stream;
    },
});

/** Puts the stand-ins in place, with timers that only `mock.timers.tick` moves. */
export function install() {
    // The page of the test before is closed, which signs its agent off.
    globalThis.window?.dispatchEvent(new Event('pagehide'));
    StubSocket.all.length = StubPeerConnection.all.length = 0;
    StubResizeObserver.all.length = StubIntersectionObserver.all.length = 0;
    devices.list = [];
    devices.refuse = undefined;
    devices.streams = [];
    StubElement.playRefused = false;
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.parse('2026-11-24T08:00:00Z') });
    const document = Object.assign(new EventTarget(), {
        createElement: () => new StubElement(),
        body: new StubElement(),
        visibilityState: 'visible',
    });
    Object.assign(globalThis, {
        WebSocket: StubSocket,
        RTCPeerConnection: StubPeerConnection,
        RTCRtpTransceiver: class {},
        RTCRtpReceiver: { getCapabilities: () => ({ codecs: stubCodecs }) },
        MediaStream: StubStream,
        ResizeObserver: StubResizeObserver,
        IntersectionObserver: StubIntersectionObserver,
        HTMLMediaElement: class {},
        document,
        window: Object.assign(new EventTarget(), { devicePixelRatio: 2 }),
    });
    Object.defineProperty(globalThis, 'navigator', {
        value: { mediaDevices, userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36' },
        configurable: true,
    });
}

const h264 = (profile, mode) => ({
    mimeType: 'video/H264',
    clockRate: 90000,
    sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
});

export const stubCodecs = [
    { mimeType: 'video/VP8', clockRate: 90000 },
    { mimeType: 'video/rtx', clockRate: 90000 },
    h264('42001f', 1),
    h264('42001f', 0),
    h264('42e01f', 1),
    h264('4d001f', 1),
    { mimeType: 'video/AV1', clockRate: 90000 },
];

/** Lets everything happen that waits for nothing but its turn. */
export async function settle() {
    for (let turn = 0; turn < 8; turn += 1) await new Promise(setImmediate);
}

/** Lets time pass. */
export async function pass(milliseconds) {
    mock.timers.tick(milliseconds);
    await settle();
}

/** A JSON Web Token that ends at that time. */
export function tokenUntil(milliseconds) {
    const payload = Buffer.from(JSON.stringify({ exp: Math.floor(milliseconds / 1000) })).toString('base64url');
    return `eyJhbGciOiJSUzI1NiJ9.${payload}.c2ln`;
}

/** A signed-in agent and the server's end of its connection. */
export async function signIn(library, options = {}) {
    const client = new library.CallClient({ endpoint: 'https://calls.example:8443', ...options.client });
    const credential =
        options.credential ?? new library.AzureCommunicationTokenCredential(golden('hello').token);
    const waiting = client.createCallAgent(credential, { displayName: 'Ada' });
    await settle();
    const socket = StubSocket.last;
    socket.open();
    socket.receive({ ...golden('welcome'), ...options.welcome });
    const agent = await waiting;
    return { client, agent, socket, credential };
}

/** A call that has been joined: the golden group call with Grace in it. */
export async function joined(library, options, signInOptions) {
    const { client, agent, socket } = await signIn(library, signInOptions);
    const call = agent.join({ groupId: golden('call.join').groupId }, options);
    await settle();
    const { type, to, ...members } = golden('reply.call.withMedia');
    socket.reply('call.join', members);
    await settle();
    await pass(0);
    return { client, agent, socket, call };
}
