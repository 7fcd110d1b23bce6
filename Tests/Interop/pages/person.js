// One person, driven by a test: signs in, calls, and reports what an app would see and what the browser decodes.
// Everything goes through the public interface of the calling library; nothing here knows its insides.

let sdk;
let client;
let agent;
let call;
let incoming;
const log = [];
const views = new Map(); // remote stream -> { participant, type, renderer, view }
const watchedParticipants = new WeakSet();
const watchedStreams = new WeakSet();

const note = (what, details = {}) => log.push({ at: performance.now(), what, ...details });
const rawId = (identifier) => identifier?.communicationUserId ?? identifier?.rawId ?? null;

// The name, reason and code of an error survive the trip to the test.
const plainError = (error) =>
    new Error(`${error?.name ?? "Error"} ${error?.reason ?? ""} ${error?.code ?? ""}/${error?.subCode ?? ""}: ` +
        `${error?.message ?? error}`);

async function signIn({ server, token, displayName, mediaPorts = {} }) {
    Object.assign(observed.mediaPorts, mediaPorts);
    sdk = await import(`${server}/sdk/switchboard-calling.js`);
    client = new sdk.CallClient();
    const credential = new sdk.AzureCommunicationTokenCredential(token);
    agent = await client.createCallAgent(credential, { displayName });
    agent.on("incomingCall", (event) => {
        incoming = event.incomingCall;
        note("incomingCall", { from: rawId(incoming.callerInfo.identifier) });
        incoming.on("callEnded", () => {
            note("incomingCallEnded", { reason: endReason(incoming.callEndReason) });
        });
    });
    agent.on("connectionStateChanged", () => note("connectionState", { state: agent.connectionState }));
    agent.on("serverClosing", (event) => note("serverClosing", { reason: event.reason }));
    agent.on("callsUpdated", (event) => {
        for (const added of event.added) watchCall(added);
    });
    return true;
}

async function localCamera() {
    const devices = await client.getDeviceManager();
    await devices.askDevicePermission({ audio: true, video: true });
    const cameras = await devices.getCameras();
    if (cameras.length === 0) throw new Error("no camera");
    return new sdk.LocalVideoStream(cameras[0]);
}

// A camera of any size: a canvas on which something moves. Ten pictures a second spare the machine.
function makeCamera({ width, height, rate = 10 }) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d");
    let step = 0;
    setInterval(() => {
        context.fillStyle = `hsl(${(step * 7) % 360}, 60%, 50%)`;
        context.fillRect(0, 0, width, height);
        context.fillStyle = "#fff";
        context.fillRect((step * 5) % width, 0, width / 10, height);
        step += 1;
    }, 1000 / rate);
    return canvas.captureStream(rate);
}

async function callOptions({ camera = true, muted = false } = {}) {
    return {
        audioOptions: { muted },
        videoOptions: { localVideoStreams: camera ? [await localCamera()] : [] },
    };
}

function watchCall(added) {
    if (call === added) return;
    call = added;
    senders.clear();
    dataHeard = false;
    note("callAdded", { id: call.id });
    call.on("stateChanged", () => note("state", { state: call.state, id: call.id }));
    call.on("isMutedChanged", () => note("isMuted", { isMuted: call.isMuted }));
    call.on("mutedByOthers", () => note("mutedByOthers"));
    call.on("remoteParticipantsUpdated", (event) => {
        for (const participant of event.added) watchParticipant(participant);
        for (const participant of event.removed) {
            note("participantRemoved", { user: rawId(participant.identifier) });
        }
    });
    for (const participant of call.remoteParticipants) watchParticipant(participant);
}

function watchParticipant(participant) {
    if (watchedParticipants.has(participant)) return;
    watchedParticipants.add(participant);
    const user = rawId(participant.identifier);
    note("participantAdded", { user });
    participant.on("stateChanged", () => note("participantState", { user, state: participant.state }));
    participant.on("isMutedChanged", () => note("participantMuted", { user, isMuted: participant.isMuted }));
    participant.on("videoStreamsUpdated", () => watchStreams(participant));
    watchStreams(participant);
}

function watchStreams(participant) {
    for (const stream of participant.videoStreams) {
        if (!watchedStreams.has(stream)) {
            watchedStreams.add(stream);
            stream.on("isAvailableChanged", () => show(participant, stream));
        }
        show(participant, stream);
    }
    for (const stream of [...views.keys()]) {
        if (views.get(stream).participant === participant && !participant.videoStreams.includes(stream)) hide(stream);
    }
}

async function show(participant, stream) {
    if (!stream.isAvailable) return hide(stream);
    if (views.has(stream)) return;
    const entry = { participant, type: stream.mediaStreamType };
    views.set(stream, entry);
    try {
        entry.renderer = new sdk.VideoStreamRenderer(stream);
        entry.view = await entry.renderer.createView({ scalingMode: "Fit" });
        if (views.get(stream) !== entry) return entry.renderer.dispose();
        entry.box = document.createElement("div");
        entry.box.append(entry.view.target);
        document.getElementById("views").append(entry.box);
    } catch (error) {
        entry.error = plainError(error).message;
        note("viewFailed", { user: rawId(participant.identifier), error: entry.error });
    }
}

function hide(stream) {
    const entry = views.get(stream);
    if (!entry) return;
    views.delete(stream);
    entry.renderer?.dispose();
    entry.box?.remove();
}

const endReason = (reason) =>
    reason ? { code: reason.code, subCode: reason.subCode, message: reason.message ?? null } : null;

function describeCall() {
    if (!call) return null;
    return {
        id: call.id,
        kind: call.kind ?? null,
        state: call.state,
        direction: call.direction,
        participantId: call.info?.participantId ?? null,
        isMuted: call.isMuted,
        isLocalVideoStarted: call.isLocalVideoStarted,
        isScreenSharingOn: call.isScreenSharingOn,
        endReason: endReason(call.callEndReason),
        participants: call.remoteParticipants.map((participant) => ({
            user: rawId(participant.identifier),
            displayName: participant.displayName ?? null,
            state: participant.state,
            isMuted: participant.isMuted,
            isSpeaking: participant.isSpeaking,
            streams: participant.videoStreams.map((stream) => ({
                type: stream.mediaStreamType,
                isAvailable: stream.isAvailable,
                isReceiving: stream.isReceiving,
                unavailableReason: stream.unavailableReason?.reason ?? null,
            })),
        })),
    };
}

const snapshot = () => ({
    connectionState: agent?.connectionState ?? null,
    incoming: incoming ? { id: incoming.id, from: rawId(incoming.callerInfo.identifier) } : null,
    call: describeCall(),
    log,
});

// What the browser's own counters say, summed up per direction and kind, and per view.
async function media() {
    const result = { views: [], audioEnergy: 0, videoSent: 0, audioSent: 0, sentCodecs: [], transports: [] };
    const byTrack = new Map();
    for (const connection of observed.connections) {
        if (connection.connectionState === "closed") continue;
        const report = [...(await connection.getStats()).values()];
        const codecOf = (entry) => report.find((other) => other.id === entry.codecId)?.mimeType ?? null;
        for (const entry of report) {
            if (entry.type === "inbound-rtp" && entry.kind === "audio") {
                result.audioEnergy += entry.totalAudioEnergy ?? 0;
            } else if (entry.type === "inbound-rtp" && entry.kind === "video") {
                byTrack.set(entry.trackIdentifier, { ...entry, codec: codecOf(entry) });
            } else if (entry.type === "outbound-rtp" && entry.kind === "video") {
                result.videoSent += entry.framesEncoded ?? 0;
                if (entry.packetsSent > 0) result.sentCodecs.push(codecOf(entry));
            } else if (entry.type === "outbound-rtp" && entry.kind === "audio") {
                result.audioSent += entry.packetsSent ?? 0;
            } else if (entry.type === "transport") {
                result.transports.push({
                    dtlsState: entry.dtlsState, tlsVersion: entry.tlsVersion, srtpCipher: entry.srtpCipher,
                });
            }
        }
    }
    for (const { participant, type, view, error } of views.values()) {
        const video = view?.target instanceof HTMLVideoElement ? view.target : view?.target?.querySelector("video");
        const track = video?.srcObject?.getVideoTracks?.()[0];
        const inbound = track ? byTrack.get(track.id) : undefined;
        result.views.push({
            user: rawId(participant.identifier),
            type,
            frames: inbound?.framesDecoded ?? video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
            width: video?.videoWidth ?? 0,
            height: video?.videoHeight ?? 0,
            codec: inbound?.codec ?? null,
            error: error ?? null,
        });
    }
    return result;
}

// The tones in what this person hears now, in hertz, loudest first.
let ears;
const listened = new Map(); // track id -> analyser
async function heard() {
    ears ??= new AudioContext({ sampleRate: 48000 });
    if (ears.state !== "running") await ears.resume();
    for (const connection of observed.connections) {
        for (const receiver of connection.getReceivers()) {
            const track = receiver.track;
            if (track.kind !== "audio" || listened.has(track.id)) continue;
            const analyser = new AnalyserNode(ears, { fftSize: 8192, smoothingTimeConstant: 0 });
            ears.createMediaStreamSource(new MediaStream([track])).connect(analyser);
            listened.set(track.id, analyser);
        }
    }
    const tones = new Map(); // hertz -> decibels
    for (let look = 0; look < 8; look++) {
        await new Promise((resolve) => setTimeout(resolve, 110));
        for (const analyser of listened.values()) {
            const spectrum = new Float32Array(analyser.frequencyBinCount);
            analyser.getFloatFrequencyData(spectrum);
            let peak = 0;
            for (let bin = 1; bin < spectrum.length; bin++) if (spectrum[bin] > spectrum[peak]) peak = bin;
            if (spectrum[peak] < -50) continue;
            const hertz = Math.round((peak * ears.sampleRate) / analyser.fftSize);
            tones.set(hertz, Math.max(tones.get(hertz) ?? -Infinity, spectrum[peak]));
        }
    }
    return [...tones].sort((a, b) => b[1] - a[1]).map(([hertz]) => hertz);
}

// Milliseconds from now until a remote picture has been decoded for the first time.
async function firstFrame(limit = 30000) {
    const start = performance.now();
    while (performance.now() - start < limit) {
        const { views: shown } = await media();
        if (shown.some((view) => view.frames > 0)) return performance.now() - start;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return null;
}

// Data: who sends on which channel, and everything that came. A block says its number and can be checked as a whole.
const senders = new Map(); // channel id -> sender
const data = [];
let dataHeard = false;

function hearData() {
    if (dataHeard) return;
    dataHeard = true;
    call.feature(sdk.Features.DataChannel).on("dataChannelReceiverCreated", (receiver) => {
        const from = rawId(receiver.senderParticipantIdentifier);
        const { channelId, reliability } = receiver;
        receiver.on("close", () => note("dataClosed", { from, channelId }));
        receiver.on("messageReady", () => {
            const message = receiver.readMessage();
            const entry = { from, channelId, reliability, number: message.sequenceNumber, size: message.data.length };
            if (message.data.length > 200) entry.block = readBlock(message.data);
            else entry.text = new TextDecoder().decode(message.data);
            data.push(entry);
        });
    });
}

function makeBlock(number, size) {
    const block = new Uint8Array(size);
    new DataView(block.buffer).setUint32(0, number);
    for (let offset = 4; offset < size; offset++) block[offset] = number * 31 + offset * 7;
    return block;
}

// The number of a block, or null when it is not as it was made.
function readBlock(bytes) {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    return makeBlock(number, bytes.length).every((byte, offset) => byte === bytes[offset]) ? number : null;
}

// Hands, spotlight, reactions and diagnostics.
function hearSignals() {
    const note1 = (what) => (event) => note(what, { user: rawId(event.identifier) });
    call.feature(sdk.Features.RaiseHand).on("raisedHandEvent", note1("handRaised"));
    call.feature(sdk.Features.RaiseHand).on("loweredHandEvent", note1("handLowered"));
    call.feature(sdk.Features.Reaction).on("reaction", ({ identifier, reactionMessage }) =>
        note("reaction", { user: rawId(identifier), reaction: reactionMessage.reactionType }));
    const { network, media: devices } = call.feature(sdk.Features.UserFacingDiagnostics);
    for (const list of [network, devices]) {
        list.on("diagnosticChanged", ({ diagnostic, value }) => note("diagnostic", { diagnostic, value }));
    }
}

const marks = () => ({
    hands: call.feature(sdk.Features.RaiseHand).getRaisedHands().map((it) => [rawId(it.identifier), it.order]),
    spotlight: call.feature(sdk.Features.Spotlight).getSpotlightedParticipants().map((it) => [rawId(it.identifier), it.order]),
});

// Every feature, from whoever has it: its name, or why it could not be had.
function allFeatures() {
    const owners = {
        callApiCtor: call, callClientApiCtor: client,
        videoStreamApiCtor: call.localVideoStreams[0], audioStreamApiCtor: call.localAudioStreams[0],
    };
    return Object.fromEntries(Object.entries(sdk.Features).map(([name, factory]) => {
        const kind = Object.keys(factory).find((key) => key in owners);
        try {
            return [name, owners[kind].feature(factory).name];
        } catch (error) {
            return [name, plainError(error).message];
        }
    }));
}

// The loudest level of a microphone that no call uses, within three seconds.
async function microphoneLevel() {
    const devices = await client.getDeviceManager();
    const [microphone] = await devices.getMicrophones();
    const stream = new sdk.LocalAudioStream(microphone);
    const volume = await stream.getVolume();
    let loudest = 0;
    volume.on("levelChanged", () => (loudest = Math.max(loudest, volume.level)));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    stream.dispose();
    return loudest;
}

const users = (ids) => ids.map((id) => ({ communicationUserId: id }));
const remote = (user) => {
    const found = call.remoteParticipants.find((participant) => rawId(participant.identifier) === user);
    if (!found) throw new Error(`${user} is not in the call`);
    return found;
};

const actions = {
    signIn,
    async start({ users: ids, ...options }) { watchCall(await agent.startCall(users(ids), await callOptions(options))); },
    async join({ groupId, ...options }) { watchCall(await agent.join({ groupId }, await callOptions(options))); },
    async joinTimed({ groupId, ...options }) {
        const prepared = await callOptions(options);
        const began = performance.now();
        watchCall(await agent.join({ groupId }, prepared));
        const waited = await firstFrame();
        return waited === null ? null : performance.now() - began;
    },
    // From startCall, over the ring and an answer without delay, to the first decoded picture of the other.
    async startTimed({ users: ids, ...options }) {
        const prepared = await callOptions(options);
        const began = performance.now();
        watchCall(await agent.startCall(users(ids), prepared));
        const waited = await firstFrame();
        return waited === null ? null : performance.now() - began;
    },
    acceptWhenRinging(options) {
        agent.on("incomingCall", async ({ incomingCall }) => watchCall(await incomingCall.accept(await callOptions(options))));
    },
    async accept(options) { watchCall(await incoming.accept(await callOptions(options))); },
    reject: ({ reason } = {}) => incoming.reject({ reason }),
    hangUp: ({ forEveryone = false } = {}) => call.hangUp({ forEveryone }),
    mute: () => call.mute(),
    unmute: () => call.unmute(),
    async startVideo() { await call.startVideo(await localCamera()); },
    // Sends a picture of the given size in place of the camera, or from the beginning.
    async sendSize(format) {
        const sent = call.localVideoStreams.find((stream) => stream.mediaStreamType !== "ScreenSharing");
        if (sent) await sent.switchSource(makeCamera(format));
        else await call.startVideo(new sdk.LocalVideoStream(makeCamera(format)));
    },
    // How large remote pictures are shown decides which size is sent to this person.
    showAt({ width, height }) {
        const style = document.createElement("style");
        style.textContent = `#views > div { width: ${width}px !important; height: ${height}px !important }`;
        document.head.append(style);
    },
    stopVideo: () => call.stopVideo(call.localVideoStreams.find((stream) => stream.mediaStreamType === "Video")),
    startScreenSharing: () => call.startScreenSharing(),
    stopScreenSharing: () => call.stopScreenSharing(),
    hold: () => call.hold(),
    resume: () => call.resume(),
    add: ({ user }) => call.addParticipant({ communicationUserId: user }),
    remove: ({ user }) => call.removeParticipant({ communicationUserId: user }),
    muteRemote: ({ user }) => remote(user).mute(),
    muteEveryoneElse: () => call.muteAllRemoteParticipants(),
    hearData,
    openData({ channelId, ...options }) {
        hearData();
        senders.set(channelId, call.feature(sdk.Features.DataChannel).createDataChannelSender({ channelId, ...options }));
    },
    sendData: ({ channelId, text }) => senders.get(channelId).sendMessage(new TextEncoder().encode(text)),
    // Without waiting, so that the test can do something else meanwhile.
    sendDataLater({ channelId, text }) {
        senders.get(channelId).sendMessage(new TextEncoder().encode(text))
            .catch((error) => note("dataFailed", { error: plainError(error).message }));
    },
    async sendBlocks({ channelId, count, size }) {
        const sender = senders.get(channelId);
        await Promise.all(Array.from({ length: count }, (_, number) => sender.sendMessage(makeBlock(number, size))));
    },
    nameRecipients: ({ channelId, users: ids }) => senders.get(channelId).setParticipants(users(ids)),
    data: () => data,
    hearSignals,
    marks,
    allFeatures,
    microphoneLevel,
    raiseHand: () => call.feature(sdk.Features.RaiseHand).raiseHand(),
    lowerAllHands: () => call.feature(sdk.Features.RaiseHand).lowerAllHands(),
    spotlight: ({ users: ids }) => call.feature(sdk.Features.Spotlight).startSpotlight(ids && users(ids)),
    react: ({ reaction }) => call.feature(sdk.Features.Reaction).sendReaction({ reactionType: reaction }),
    startWithContext: ({ users: ids, customContext }) => { watchCall(agent.startCall(users(ids), { customContext })); },
    incomingContext: () => incoming.customContext,
    facts: () => ({
        kinds: call.remoteParticipants.map((participant) => participant.identifier.kind),
        streams: call.remoteParticipants.flatMap((participant) => participant.videoStreams.map((stream) => stream.id)),
        devices: call.remoteParticipants.flatMap((participant) => participant.endpointDetails.map((it) => it.participantId)),
        sources: call.localVideoStreams.map((stream) => stream.source?.deviceType ?? null),
        isInAnotherTab: client.feature(sdk.Features.DebugInfo).isCallClientActiveInAnotherTab,
        optimalVideoCount: call.feature(sdk.Features.OptimalVideoCount).optimalVideoCount,
    }),
    isInAnotherTab: () => client.feature(sdk.Features.DebugInfo).isCallClientActiveInAnotherTab,
    // From now on nothing that this page says gets out, as it may be while a page goes away.
    gag: ({ beacon = true, socket = true } = {}) => {
        if (beacon) navigator.sendBeacon = () => true;
        if (socket) WebSocket.prototype.send = () => {};
    },
    // The socket dies without a goodbye, as far as a page can do that.
    cutSockets: () => observed.sockets.forEach((socket) => socket.close(4900, "cut by the test")),
    snapshot,
    media,
    heard,
};

// Only what JSON can carry goes back to the test.
const answers = new Set([
    "signIn", "joinTimed", "startTimed", "snapshot", "media", "heard", "data", "marks", "allFeatures", "microphoneLevel",
    "incomingContext", "facts", "isInAnotherTab",
]);
window.person = async (action, argument) => {
    try {
        const result = await actions[action](argument);
        return answers.has(action) ? JSON.parse(JSON.stringify(result ?? null)) : null;
    } catch (error) {
        throw plainError(error);
    }
};
