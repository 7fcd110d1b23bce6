import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { install, stubCodecs } from './stubs.mjs';

const { callEndReason, callingError, CallingError, captureError, EventSource, preferredCodecs } = library;

beforeEach(install);

describe('event source', () => {
    test('calls listeners until they are removed', () => {
        const source = new EventSource();
        const heard = [];
        const listener = value => heard.push(value);
        source.on('said', listener);
        source.on('said', listener);
        source.emit('said', 1);
        source.off('said', listener);
        source.off('said', () => {});
        source.emit('said', 2);
        assert.deepEqual(heard, [1]);
    });

    test('a listener may remove itself, and one that throws does not silence the others', t => {
        const source = new EventSource();
        const report = t.mock.method(console, 'error', () => {});
        const heard = [];
        const once = () => {
            heard.push('once');
            source.off('said', once);
        };
        source.on('said', once);
        source.on('said', () => {
            throw new Error('broken');
        });
        source.on('said', () => heard.push('always'));
        source.emit('said');
        source.emit('said');
        assert.deepEqual(heard, ['once', 'always', 'always']);
        assert.equal(report.mock.callCount(), 2);
    });
});

describe('identifiers', () => {
    const cases = [
        ['8:acs:a_b', 'communicationUser', { communicationUserId: '8:acs:a_b' }],
        ['8:spool:a_b', 'communicationUser', { communicationUserId: '8:spool:a_b' }],
        ['8:gcch-acs:a_b', 'communicationUser', { communicationUserId: '8:gcch-acs:a_b' }],
        ['4:+14255550100', 'phoneNumber', { phoneNumber: '+14255550100', rawId: '4:+14255550100' }],
        ['4:anonymous', 'phoneNumber', { phoneNumber: 'anonymous', isAnonymous: true, rawId: '4:anonymous' }],
        ['4:+1425_x1', 'phoneNumber', { phoneNumber: '+1425_x1', assertedId: 'x1', rawId: '4:+1425_x1' }],
        [
            '8:orgid:u',
            'microsoftTeamsUser',
            { microsoftTeamsUserId: 'u', isAnonymous: false, cloud: 'public', rawId: '8:orgid:u' },
        ],
        [
            '8:teamsvisitor:u',
            'microsoftTeamsUser',
            { microsoftTeamsUserId: 'u', isAnonymous: true, rawId: '8:teamsvisitor:u' },
        ],
        ['28:gcch:app', 'microsoftTeamsApp', { teamsAppId: 'app', cloud: 'gcch', rawId: '28:gcch:app' }],
        ['8:echo123', 'unknown', { id: '8:echo123' }],
        ['28:bot', 'unknown', { id: '28:bot' }],
        ['8:acs:', 'unknown', { id: '8:acs:' }],
        ['', 'unknown', { id: '' }],
    ];
    for (const [rawId, kind, expected] of cases) {
        test(`reads and writes "${rawId}"`, () => {
            const identifier = library.createIdentifierFromRawId(rawId);
            assert.deepEqual(identifier, { kind, ...expected });
            assert.equal(library.getIdentifierKind(expected).kind, kind);
            assert.equal(library.getIdentifierRawId(identifier), rawId);
        });
    }

    test('writes identifiers that were not read from a raw id', () => {
        assert.equal(library.getIdentifierRawId({ phoneNumber: '+14255550100' }), '4:+14255550100');
        assert.equal(library.getIdentifierRawId({ microsoftTeamsUserId: 'u' }), '8:orgid:u');
        assert.equal(library.getIdentifierRawId({ microsoftTeamsUserId: 'u', isAnonymous: true }), '8:teamsvisitor:u');
        assert.equal(library.getIdentifierRawId({ teamsAppId: 'a', cloud: 'dod' }), '28:dod:a');
    });
});

describe('errors', () => {
    test('have the documented codes', () => {
        const documented = {
            acceptNotRinging: [400, 41006],
            rejectNotRinging: [400, 41007],
            videoAlreadyOn: [400, 41027],
            shareAlreadyOn: [400, 41035],
            shareBeforeConnected: [412, 41071],
            agentExists: [409, 40228],
            cameraPermissionDenied: [403, 43001],
            cameraBusy: [412, 43000],
            noCamera: [412, 43013],
            connectionLost: [490, 4502],
            noToken: [495, 4507],
            unauthorized: [401, 10009],
        };
        for (const [reason, [code, subCode]] of Object.entries(documented)) {
            const error = callingError(reason);
            assert.ok(error instanceof CallingError && error instanceof Error);
            assert.deepEqual([error.reason, error.code, error.subCode], [reason, code, subCode]);
            assert.notEqual(error.message, '');
        }
    });

    test('say what a failed capture means', () => {
        const reasonOf = (name, source) => captureError(Object.assign(new Error(), { name }), source).reason;
        assert.equal(reasonOf('NotAllowedError', 'camera'), 'cameraPermissionDenied');
        assert.equal(reasonOf('NotFoundError', 'camera'), 'noCamera');
        assert.equal(reasonOf('OverconstrainedError', 'camera'), 'noCamera');
        assert.equal(reasonOf('NotReadableError', 'camera'), 'cameraBusy');
        assert.equal(reasonOf('NotAllowedError', 'microphone'), 'microphonePermissionDenied');
        assert.equal(reasonOf('NotFoundError', 'microphone'), 'noMicrophone');
        assert.equal(reasonOf('AbortError', 'microphone'), 'microphoneBusy');
        assert.equal(reasonOf('NotAllowedError', 'screen'), 'screenPermissionDenied');
        assert.equal(reasonOf('NotReadableError', 'screen'), 'screenFailed');
    });

    test('end reasons are counted', () => {
        const category = (code, subCode = 0) => callEndReason({ code, subCode, message: '' }).resultCategories[0];
        const rows = {
            Success: [[0], [0, 4097], [0, 5003], [487], [487, 10003], [487, 10024], [603], [486, 560486]],
            ExpectedError: [[0, 4521], [0, 5317], [487, 10004], [480, 10037], [408, 10057], [496, 7], [400, 41006]],
            UnexpectedClientError: [[490, 4502], [410, 3100], [410, 301005], [401, 10009], [495, 4507], [408, 4506]],
            UnexpectedServerError: [[500], [503]],
        };
        for (const [expected, codes] of Object.entries(rows)) {
            for (const row of codes) assert.equal(category(...row), expected, row.join('/'));
        }
    });
});

describe('codecs', () => {
    const names = codecs => codecs.map(it => `${it.mimeType} ${it.sdpFmtpLine ?? ''}`.trim());
    const profiles = codecs => names(codecs).map(name => /profile-level-id=(\w+)/.exec(name)?.[1] ?? name);

    test('H.264 comes first, constrained baseline before all; RTX stays and the rest goes', () => {
        const ordered = preferredCodecs(stubCodecs);
        assert.deepEqual(profiles(ordered), ['42e01f', '42001f', '4d001f', '42001f', 'video/VP8', 'video/rtx']);
        assert.match(ordered[3].sdpFmtpLine, /packetization-mode=0/);
    });

    test('VP8 can be put first, and is all there is without H.264', () => {
        assert.equal(preferredCodecs(stubCodecs, 'VP8')[0].mimeType, 'video/VP8');
        const without = stubCodecs.filter(it => it.mimeType !== 'video/H264');
        assert.deepEqual(names(preferredCodecs(without)), ['video/VP8', 'video/rtx']);
        assert.equal(preferredCodecs([{ mimeType: 'video/AV1' }]), undefined);
    });
});

test('the environment is read from the user agent', () => {
    const chrome = library.environmentInfo(navigator.userAgent);
    assert.deepEqual(chrome.environment, { platform: 'linux', browser: 'chrome', browserVersion: '156.0.0.0' });
    const phone = library.environmentInfo(
        'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile/1 Safari/604.1',
    );
    assert.deepEqual(phone.environment, { platform: 'ios', browser: 'safari', browserVersion: '19.0' });
});
