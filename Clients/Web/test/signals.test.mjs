// Raised hands, the spotlight and reactions, as the server tells of them.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { golden, install, joined, pass, settle, StubSocket } from './stubs.mjs';

const { Features } = library;
const roster = golden('call.roster');
const [linusEntry] = roster.added;
const [graceEntry] = roster.changed;
const user = communicationUserId => ({ kind: 'communicationUser', communicationUserId });
const grace = user(graceEntry.userId);
const linus = user(linusEntry.userId);

beforeEach(() => install());
afterEach(() => globalThis.window.dispatchEvent(new Event('pagehide')));

/** A call with Grace and Linus in it, whose roster messages are numbered by themselves. */
async function withOthers() {
    const world = await joined(library);
    let { sequence } = roster;
    const tell = (changed, removed = []) =>
        world.socket.receive({ ...roster, sequence: ++sequence, added: [], changed, removed });
    world.socket.receive(roster);
    const own = marks => world.socket.receive({ ...golden('call.self'), mutedBy: null, muted: false, ...marks });
    return { ...world, tell, own, self: { identifier: world.agent.identifier, participantId: world.call.info.participantId } };
}

const marked = (entry, marks) => ({ ...entry, state: 'Connected', ...marks });
const of = entry => ({ identifier: user(entry.userId), participantId: entry.participantId });

describe('raised hands', () => {
    test('are in the order in which they went up, oneself among them', async () => {
        const { call, tell, own, self } = await withOthers();
        const feature = call.feature(Features.RaiseHand);
        const heard = [];
        feature.on('raisedHandEvent', event => heard.push(['up', event.participantId]));
        feature.on('loweredHandEvent', event => heard.push(['down', event.participantId]));
        tell([marked(graceEntry, { hand: 7 })]);
        own({ hand: 3 });
        tell([marked(linusEntry, { hand: 9 })]);
        assert.deepEqual(feature.getRaisedHands(), [
            { ...self, order: 1 },
            { ...of(graceEntry), order: 2 },
            { ...of(linusEntry), order: 3 },
        ]);
        own({});
        tell([marked(graceEntry, {})]);
        tell([], [{ participantId: linusEntry.participantId, reason: { code: 0, subCode: 0, message: '' } }]);
        assert.deepEqual(feature.getRaisedHands(), []);
        const ids = [graceEntry.participantId, self.participantId, linusEntry.participantId];
        assert.deepEqual(heard, [
            ['up', ids[0]], ['up', ids[1]], ['up', ids[2]],
            ['down', ids[1]], ['down', ids[0]], ['down', ids[2]],
        ]);
    });

    test('are known to a feature that is asked for later', async () => {
        const { call, tell } = await withOthers();
        tell([marked(graceEntry, { hand: 2 })]);
        assert.deepEqual(call.feature(Features.RaiseHand).getRaisedHands(), [{ ...of(graceEntry), order: 1 }]);
    });

    test('resolve when the server has answered, and reject with what it says', async () => {
        const { call, socket } = await withOthers();
        const feature = call.feature(Features.RaiseHand);
        const raising = feature.raiseHand();
        assert.deepEqual(socket.find('call.raiseHand').raised, true);
        socket.reply('call.raiseHand');
        await raising;
        const lowering = feature.lowerHand();
        assert.deepEqual(socket.find('call.raiseHand').raised, false);
        socket.fail('call.raiseHand', { code: 409, subCode: 0, reason: 'invalidState', message: 'No.' });
        await assert.rejects(lowering, { reason: 'invalidState' });
        await assert.rejects(feature.lowerHands([user('8:acs:x_y')]), { reason: 'invalidArgument', target: '8:acs:x_y' });
    });

    test('a lost connection sends the wish again, and the snapshot brings the hands back', async () => {
        const { call, socket } = await withOthers();
        const feature = call.feature(Features.RaiseHand);
        const raising = feature.raiseHand();
        socket.drop();
        await pass(700);
        StubSocket.last.open();
        const welcome = golden('welcome.resumed');
        const [snapshot] = welcome.calls;
        const participants = snapshot.participants.map(it => ({ ...it, hand: 1 }));
        StubSocket.last.receive({ ...welcome, calls: [{ ...snapshot, hand: 2, participants }] });
        assert.equal(StubSocket.last.count('call.raiseHand'), 1);
        StubSocket.last.reply('call.raiseHand');
        await raising;
        assert.deepEqual(feature.getRaisedHands().map(it => it.order), [1, 2]);
        assert.equal(feature.getRaisedHands()[1].participantId, call.info.participantId);
    });
});

describe('spotlight', () => {
    test('tells who came and who went, in order', async () => {
        const { call, tell, own, self } = await withOthers();
        const feature = call.feature(Features.Spotlight);
        const heard = [];
        feature.on('spotlightChanged', ({ added, removed }) =>
            heard.push([added.map(it => it.participantId), removed.map(it => it.participantId)]),
        );
        assert.equal(feature.maxParticipantsToSpotlight, 7);
        tell([marked(graceEntry, { spotlight: 2 }), marked(linusEntry, { spotlight: 1 })]);
        own({ spotlight: 3 });
        assert.deepEqual(feature.getSpotlightedParticipants(), [
            { ...of(linusEntry), order: 1 },
            { ...of(graceEntry), order: 2 },
            { ...self, order: 3 },
        ]);
        tell([marked(linusEntry, {})]);
        assert.deepEqual(heard, [
            [[linusEntry.participantId, graceEntry.participantId], []],
            [[self.participantId], []],
            [[], [linusEntry.participantId]],
        ]);
    });

    test('names every device of a person, and oneself unless told', async () => {
        const { call, socket, tell, self, agent } = await withOthers();
        const second = { ...graceEntry, participantId: 'c9999999-0c2d-4e3f-8a4b-5c6d7e8f9a09' };
        socket.receive({ ...roster, sequence: 99, added: [second], changed: [] });
        const feature = call.feature(Features.Spotlight);
        feature.startSpotlight([grace]).catch(() => {});
        const { participantIds, on } = socket.find('call.spotlight');
        assert.deepEqual([participantIds, on], [[graceEntry.participantId, second.participantId], true]);
        feature.startSpotlight().catch(() => {});
        assert.deepEqual(socket.find('call.spotlight').participantIds, [self.participantId]);
        feature.stopSpotlight([agent.identifier, linus]).catch(() => {});
        const stop = socket.find('call.spotlight');
        assert.deepEqual([stop.participantIds, stop.on], [[self.participantId, linusEntry.participantId], false]);
    });
});

describe('reactions', () => {
    test('come back to their sender as well', async () => {
        const { call, socket, agent, self } = await withOthers();
        const feature = call.feature(Features.Reaction);
        const heard = [];
        feature.on('reaction', ({ identifier, reactionMessage }) => heard.push([identifier, reactionMessage.reactionType]));
        const sending = feature.sendReaction({ reactionType: 'like' });
        socket.reply('call.react');
        await sending;
        socket.receive({
            ...golden('call.reactions'),
            reactions: [
                { participantId: self.participantId, reaction: 'like' },
                { participantId: linusEntry.participantId, reaction: 'laugh' },
                { participantId: 'nobody', reaction: 'laugh' },
            ],
        });
        assert.deepEqual(heard, [[agent.identifier, 'like'], [linus, 'laugh']]);
    });

    test('others than the known ones are refused', async () => {
        const feature = (await withOthers()).call.feature(Features.Reaction);
        for (const wrong of [{ reactionType: 'yawn' }, {}, undefined]) {
            await assert.rejects(feature.sendReaction(wrong), { reason: 'invalidArgument', code: 400 });
        }
    });
});

test('marks of one call say nothing of the next', async () => {
    const { call, agent, socket, tell } = await withOthers();
    tell([marked(graceEntry, { hand: 2 })]);
    const hangingUp = call.hangUp();
    socket.reply('call.hangUp');
    await hangingUp;
    await settle();
    const next = agent.join({ groupId: golden('call.join').groupId });
    assert.deepEqual(next.feature(Features.RaiseHand).getRaisedHands(), []);
});
