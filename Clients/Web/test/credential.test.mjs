import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { AzureCommunicationTokenCredential } from '../build/internals.js';
import { install, pass, tokenUntil } from './stubs.mjs';

const minute = 60_000;

beforeEach(install);

describe('token credential', () => {
    test('gives a fixed token and its end', async () => {
        const token = tokenUntil(Date.now() + 60 * minute);
        const credential = new AzureCommunicationTokenCredential(token);
        assert.deepEqual(await credential.getToken(), { token, expiresOnTimestamp: Date.now() + 60 * minute });
        assert.equal(credential.canRefresh, false);
    });

    test('refuses what is no token', () => {
        for (const text of ['', 'abc', 'a.b.c', `a.${Buffer.from('{}').toString('base64')}.c`]) {
            assert.throws(() => new AzureCommunicationTokenCredential(text), { reason: 'noToken', code: 495 });
        }
    });

    test('asks the refresher once for callers at the same moment, and again when two minutes are left', async () => {
        let asked = 0;
        const credential = new AzureCommunicationTokenCredential({
            tokenRefresher: async () => tokenUntil(Date.now() + 60 * minute + (asked += 1)),
        });
        const [first, second] = await Promise.all([credential.getToken(), credential.getToken()]);
        assert.equal(first, second);
        assert.equal(asked, 1);
        await pass(57 * minute);
        await credential.getToken();
        assert.equal(asked, 1);
        await pass(2 * minute);
        await credential.getToken();
        assert.equal(asked, 2);
    });

    test('refreshes ten minutes before the end when told to be proactive', async () => {
        const seen = [];
        const credential = new AzureCommunicationTokenCredential({
            tokenRefresher: async () => tokenUntil(Date.now() + 60 * minute),
            refreshProactively: true,
            token: tokenUntil(Date.now() + 60 * minute),
        });
        credential.observe(token => seen.push(token));
        await pass(50 * minute - 1);
        assert.equal(seen.length, 0);
        await pass(1);
        assert.equal(seen.length, 1);
        await pass(50 * minute);
        assert.equal(seen.length, 2);
        credential.dispose();
        await pass(120 * minute);
        assert.equal(seen.length, 2);
        await assert.rejects(credential.getToken(), { reason: 'disposed' });
    });

    test('says so when the refresher fails, and tries again after half a minute', async t => {
        t.mock.method(console, 'warn', () => {});
        let asked = 0;
        const credential = new AzureCommunicationTokenCredential({
            tokenRefresher: async () => {
                asked += 1;
                if (asked === 1) throw new Error('the shop is closed');
                return tokenUntil(Date.now() + 60 * minute);
            },
            refreshProactively: true,
            token: tokenUntil(Date.now() + 15 * minute),
        });
        await pass(5 * minute);
        assert.equal(asked, 1);
        await pass(30_000);
        assert.equal(asked, 1);
        await pass(5 * minute);
        assert.equal(asked, 2);
    });

    test('does not take a token that has ended', async () => {
        const credential = new AzureCommunicationTokenCredential({
            tokenRefresher: async () => tokenUntil(Date.now() - minute),
        });
        await assert.rejects(credential.getToken(), { reason: 'noToken', message: /already ended/ });
    });

    test('a forced refresh does not rest on the present token', async () => {
        const credential = new AzureCommunicationTokenCredential({
            tokenRefresher: async () => tokenUntil(Date.now() + 90 * minute),
            token: tokenUntil(Date.now() + 60 * minute),
        });
        const { expiresOnTimestamp } = await credential.getToken({ forceRefresh: true });
        assert.equal(expiresOnTimestamp, Date.now() + 90 * minute);
    });
});
