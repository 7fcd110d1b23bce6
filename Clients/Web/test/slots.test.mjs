import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SlotTable } from '../build/internals.js';

const size = { width: 640, height: 360 };

function table(video = ['6', '7'], screen = ['10']) {
    const slots = new SlotTable();
    slots.setSlots(video, screen);
    return slots;
}

describe('slot table', () => {
    test('gives each wish a slot of its kind and tells the server once', () => {
        const slots = table();
        slots.want('grace', 'camera', size);
        slots.want('grace', 'screen', { width: 1920, height: 1080 });
        assert.deepEqual(slots.takeChanges(), [
            { mid: '6', participantId: 'grace', source: 'camera', width: 640, height: 360 },
            { mid: '10', participantId: 'grace', source: 'screen', width: 1920, height: 1080 },
        ]);
        assert.deepEqual(slots.takeChanges(), []);
        assert.deepEqual(slots.wishIn('10')?.source, 'screen');
    });

    test('a changed size is told, the slot stays', () => {
        const slots = table();
        slots.want('grace', 'camera', size);
        slots.takeChanges();
        slots.want('grace', 'camera', { width: 320, height: 180 });
        assert.deepEqual(slots.takeChanges(), [
            { mid: '6', participantId: 'grace', source: 'camera', width: 320, height: 180 },
        ]);
    });

    test('nobody moves when somebody else goes, and the freed slot is emptied', () => {
        const slots = table();
        slots.want('grace', 'camera', size);
        slots.want('linus', 'camera', size);
        slots.takeChanges();
        slots.unwant('grace', 'camera');
        assert.deepEqual(slots.takeChanges(), [{ mid: '6', participantId: null }]);
        assert.equal(slots.slotOf('linus', 'camera'), '7');
        slots.want('mary', 'camera', size);
        assert.equal(slots.slotOf('mary', 'camera'), '6');
    });

    test('wishes wait in their order for slots, and the table says how many are missing', () => {
        const slots = table();
        for (const name of ['a', 'b', 'c', 'd']) slots.want(name, 'camera', size);
        assert.equal(slots.missingVideoSlots, 2);
        assert.equal(slots.slotOf('c', 'camera'), undefined);
        slots.unwant('a', 'camera');
        assert.equal(slots.slotOf('c', 'camera'), '6');
        assert.equal(slots.slotOf('d', 'camera'), undefined);
        slots.setSlots(['6', '7', '11'], ['10']);
        assert.equal(slots.slotOf('d', 'camera'), '11');
        assert.equal(slots.missingVideoSlots, 0);
    });

    test('asks for no more than 25 video slots, and never for a second screen slot', () => {
        const slots = table();
        for (let index = 0; index < 40; index += 1) slots.want(`p${index}`, 'camera', size);
        for (let index = 0; index < 3; index += 1) slots.want(`p${index}`, 'screen', size);
        assert.equal(slots.missingVideoSlots, 23);
    });

    test('a replaced wish is one change, and one that came and went is none', () => {
        const slots = table(['6']);
        slots.want('grace', 'camera', size);
        slots.takeChanges();
        slots.unwant('grace', 'camera');
        slots.want('linus', 'camera', size);
        assert.deepEqual(slots.takeChanges(), [
            { mid: '6', participantId: 'linus', source: 'camera', width: 640, height: 360 },
        ]);
        slots.unwant('linus', 'camera');
        slots.want('linus', 'camera', size);
        assert.deepEqual(slots.takeChanges(), []);
    });

    test('tells everything again after it forgot what it told, but not of slots never used', () => {
        const slots = table();
        slots.want('grace', 'camera', size);
        slots.takeChanges();
        slots.forgetTold();
        assert.deepEqual(slots.takeChanges().map(it => it.mid), ['6']);
    });
});
