// Loaded before the calling library: lets a test see the connections that the library makes, and makes the microphone
// deliver its sound untouched (a browser would remove a steady tone as noise, or as the echo of the other tab).
"use strict";

window.observed = { connections: [], sockets: [], mediaPorts: {} };

window.WebSocket = class extends WebSocket {
    constructor(...args) {
        super(...args);
        observed.sockets.push(this);
    }
};

// Media goes through the relay of the test where there is one for the server's port.
function throughRelay(sdp) {
    return sdp.replace(/^(a=candidate:\S+ \d+ \S+ \d+) \S+ (\d+) /gm, (line, start, port) =>
        port in observed.mediaPorts ? `${start} 127.0.0.1 ${observed.mediaPorts[port]} ` : line);
}

window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
        super(...args);
        observed.connections.push(this);
    }

    setRemoteDescription(description) {
        return super.setRemoteDescription({ type: description.type, sdp: throughRelay(description.sdp) });
    }
};

const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (constraints = {}) => {
    const untouched = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const audio = constraints.audio;
    return getUserMedia({
        ...constraints,
        ...(audio ? { audio: { ...(audio === true ? {} : audio), ...untouched } } : {}),
    });
};
