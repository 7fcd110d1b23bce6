// A Switchboard server inside the page, for looking at the demo page and for trying the library in a real browser with
// nothing else running. It takes the place of WebSocket for `/calling`, speaks the signalling protocol for one client,
// and answers offers with a second RTCPeerConnection whose slots show drawn pictures of invented people.
//
// `inPageServer` on the window can push messages, drop the connection and tell what the client has sent.
(() => {
    const people = ['Grace Hopper', 'Linus Pauling', 'Katherine Johnson', 'Alan Turing', 'Mary Jackson', 'Radia Perlman'];
    const guid = () => crypto.randomUUID();
    const reason = (code, subCode, message) => ({ code, subCode, message });

    class InPageServer {
        received = [];
        calls = new Map();
        reachable = true;
        accounts = { self: '8:acs:b5a7c1de-4f60-4c8e-9a3d-0d6f1e2a7b91_1c0a3c52-6f1e-4b7d-8a52-9f0c7d4e2b10' };

        push(message) {
            this.socket?.deliver(message);
        }

        /** Breaks the connection; with `unreachable` new ones fail too. */
        drop(unreachable = false) {
            this.reachable = !unreachable;
            this.socket?.break(1006);
        }

        reply(request, members = {}) {
            this.push({ type: 'reply', to: request.id, ...members });
        }

        person(index, more = {}) {
            const name = people[index % people.length];
            return {
                participantId: guid(), userId: `8:acs:x_${index}`, displayName: name, state: 'Connected',
                muted: false, onHold: false, camera: true, screen: false, speaking: false, ...more,
            };
        }

        async handle(message) {
            this.received.push(message);
            switch (message.type) {
                case 'hello': {
                    const resumed = message.resume !== undefined;
                    const calls = resumed ? [...this.calls.values()].map(call => call.snapshot) : [];
                    this.push({
                        type: 'welcome', version: 1, userId: this.accounts.self, displayName: message.displayName,
                        sessionId: guid(), endpointId: guid(), resume: 'r-1', resumed, resumeWindowSeconds: 60,
                        heartbeatSeconds: 5, expiresOn: '2030-01-01T00:00:00Z', calls,
                    });
                    return;
                }
                case 'ping':
                    this.push({ type: 'pong', time: message.time });
                    return;
                case 'call.join':
                case 'call.accept':
                    await this.join(message, 'Connected', window.inPageServerPeople ?? 3);
                    return;
                case 'call.start':
                    await this.start(message);
                    return;
                case 'media.offer':
                    this.reply(message, { media: await this.answer(this.calls.get(message.callId), message) });
                    return;
                case 'media.receive':
                    this.reply(message);
                    await this.fill(this.calls.get(message.callId), message.slots);
                    return;
                case 'call.hold':
                    this.reply(message);
                    this.state(message.callId, message.onHold ? 'LocalHold' : 'Connected');
                    return;
                case 'call.hangUp':
                    this.reply(message);
                    this.calls.delete(message.callId);
                    return;
                case 'call.add': {
                    const person = this.person(5, { userId: message.target, state: 'Ringing', camera: false });
                    this.reply(message, { participantId: person.participantId });
                    this.roster(message.callId, { added: [person] });
                    return;
                }
                case 'bye':
                    return;
                default:
                    if (message.id !== undefined) this.reply(message);
            }
        }

        async join(message, state, count) {
            const call = this.make(message, state, Array.from({ length: count }, (_, index) => this.person(index)));
            this.reply(message, { call: call.snapshot, media: await this.answer(call, message.media) });
        }

        async start(message) {
            const callees = message.targets.map((userId, index) =>
                this.person(index, { userId, state: 'Ringing', camera: false }));
            const call = this.make(message, 'Ringing', callees);
            this.reply(message, { call: call.snapshot, media: await this.answer(call, message.media) });
            if (window.inPageServerAnswers === false) return;
            setTimeout(() => {
                this.roster(call.id, { changed: callees.map(it => ({ ...it, state: 'Connected', camera: true })) });
                this.state(call.id, 'Connected');
            }, 600);
        }

        make(message, state, participants) {
            const id = message.callId ?? guid();
            const snapshot = {
                callId: id, kind: message.groupId || participants.length > 1 ? 'group' : 'oneToOne', state,
                direction: message.callId ? 'Incoming' : 'Outgoing', groupId: message.groupId ?? null,
                participantId: guid(), muted: message.muted, onHold: false, camera: false, screen: false,
                rosterSequence: 1, participants, dominant: [],
            };
            const call = { id, snapshot, pictures: new Map() };
            this.calls.set(id, call);
            return call;
        }

        state(callId, state, why = null) {
            const { snapshot } = this.calls.get(callId);
            snapshot.state = state;
            this.push({ type: 'call.state', callId, state, kind: snapshot.kind, reason: why });
        }

        roster(callId, { added = [], changed = [], removed = [] }) {
            const { snapshot } = this.calls.get(callId);
            snapshot.rosterSequence += 1;
            snapshot.participants = [
                ...snapshot.participants
                    .filter(it => !removed.includes(it.participantId))
                    .map(it => changed.find(other => other.participantId === it.participantId) ?? it),
                ...added,
            ];
            this.push({
                type: 'call.roster', callId, sequence: snapshot.rosterSequence, added, changed,
                removed: removed.map(participantId => ({ participantId, reason: reason(0, 0, 'Left.') })),
            });
        }

        async answer(call, media) {
            call.peer ??= this.peer(call);
            await call.peer.setRemoteDescription({ type: 'offer', sdp: media.sdp });
            for (const { mid, purpose } of media.lines) {
                const transceiver = call.peer.getTransceivers().find(it => it.mid === mid);
                transceiver.direction = purpose.endsWith('Slot') ? 'sendonly' : 'recvonly';
            }
            await call.peer.setLocalDescription(await call.peer.createAnswer());
            while (call.peer.iceGatheringState !== 'complete') {
                await new Promise(done => call.peer.addEventListener('icegatheringstatechange', done, { once: true }));
            }
            return { sdp: call.peer.localDescription.sdp, lines: [] };
        }

        peer(call) {
            const peer = new RTCPeerConnection();
            peer.ondatachannel = ({ channel }) => {
                channel.binaryType = 'arraybuffer';
                channel.onmessage = ({ data }) => this.echo(call, channel, data);
            };
            return peer;
        }

        /** What the client sends comes back as if the first person had sent it. */
        echo(call, channel, data) {
            const [first] = call.snapshot.participants;
            if (!first) return;
            const id = new TextEncoder().encode(first.participantId);
            const frame = new Uint8Array(data.byteLength + id.length);
            frame.set(new Uint8Array(data, 0, 8));
            frame[1] = id.length;
            frame.set(id, 8);
            frame.set(new Uint8Array(data, 8), 8 + id.length);
            channel.send(frame);
        }

        async fill(call, slots) {
            const changes = [];
            for (const { mid, participantId, source } of slots) {
                const { sender } = call.peer.getTransceivers().find(it => it.mid === mid);
                const person = call.snapshot.participants.find(it => it.participantId === participantId);
                if (!person) {
                    await sender.replaceTrack(null);
                    changes.push({ mid, participantId: null, source: null, state: 'empty' });
                } else if (person.displayName === window.inPageServerUnavailable) {
                    changes.push({
                        mid, participantId, source, state: 'unavailable', reason: 'codecNotSupported',
                        message: `${person.displayName} sends H264, which this client cannot decode.`,
                    });
                } else {
                    await sender.replaceTrack(this.picture(call, person, source));
                    changes.push({ mid, participantId, source, state: 'active', codec: 'H264' });
                }
            }
            this.push({ type: 'media.slots', callId: call.id, slots: changes });
        }

        picture(call, person, source) {
            const key = person.participantId + source;
            if (!call.pictures.has(key)) {
                const draw = source === 'screen' ? drawScreen : drawPerson;
                call.pictures.set(key, draw(person.displayName));
            }
            return call.pictures.get(key);
        }
    }

    function canvas(width, height, draw) {
        const element = Object.assign(document.createElement('canvas'), { width, height });
        const context = element.getContext('2d');
        let frame = 0;
        setInterval(() => draw(context, (frame += 1)), 66);
        draw(context, 0);
        return element.captureStream(15).getVideoTracks()[0];
    }

    function drawPerson(name) {
        const hue = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0) * 7, 0) % 360;
        return canvas(640, 360, (context, frame) => {
            const light = context.createLinearGradient(0, 0, 640, 360);
            light.addColorStop(0, `hsl(${hue} 30% 62%)`);
            light.addColorStop(1, `hsl(${(hue + 50) % 360} 32% 34%)`);
            context.fillStyle = light;
            context.fillRect(0, 0, 640, 360);
            const sway = Math.sin(frame / 12 + hue) * 10;
            context.fillStyle = `hsl(${(hue + 180) % 360} 26% 24%)`;
            context.beginPath();
            context.ellipse(320 + sway * 0.5, 400, 170, 150, 0, 0, 7);
            context.fill();
            context.fillStyle = `hsl(${20 + (hue % 18)} 42% ${48 + (hue % 22)}%)`;
            context.beginPath();
            context.ellipse(320 + sway, 170, 72, 88, 0, 0, 7);
            context.fill();
        });
    }

    function drawScreen() {
        return canvas(1280, 720, (context, frame) => {
            context.fillStyle = '#fbfbf8';
            context.fillRect(0, 0, 1280, 720);
            context.fillStyle = '#146c5f';
            context.fillRect(0, 0, 1280, 96);
            context.fillStyle = '#fff';
            context.font = '600 42px sans-serif';
            context.fillText('Quarterly figures', 48, 62);
            for (let index = 0; index < 8; index += 1) {
                const height = 120 + 300 * Math.abs(Math.sin(index * 1.3 + 1)) + 6 * Math.sin(frame / 8 + index);
                context.fillStyle = index % 2 ? '#1d8575' : '#8cc9bd';
                context.fillRect(110 + index * 138, 640 - height, 96, height);
            }
        });
    }

    class InPageSocket extends EventTarget {
        static OPEN = 1;
        readyState = 0;

        constructor(url) {
            super();
            this.url = url;
            setTimeout(() => {
                if (!server.reachable) {
                    this.break(1006);
                    return;
                }
                server.socket = this;
                this.readyState = 1;
                this.onopen?.({});
            });
        }

        send(text) {
            void server.handle(JSON.parse(text));
        }

        deliver(message) {
            setTimeout(() => this.readyState === 1 && this.onmessage?.({ data: JSON.stringify(message) }));
        }

        break(code) {
            this.readyState = 3;
            this.onclose?.({ code, reason: '' });
        }

        close() {
            this.break(1000);
        }
    }

    const server = (window.inPageServer = new InPageServer());
    window.WebSocket = InPageSocket;
})();
