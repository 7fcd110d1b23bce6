// The names of the mirrored SDK are there, and docs/web-api.md says so. Needs dist/, which build.sh makes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

test('every public name is declared or named as left out, and the page of the coverage is fresh', () => {
    const declarations = fileURLToPath(new URL('../dist/switchboard-calling.d.ts', import.meta.url));
    assert.ok(existsSync(declarations), 'run build.sh first');
    const table = fileURLToPath(new URL('../api-table.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [table, '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
});
