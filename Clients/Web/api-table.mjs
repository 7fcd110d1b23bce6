// Compares the names of the mirrored SDK (public-api.json) with the declarations that were built, and writes the
// coverage table docs/web-api.md.
//
//   node api-table.mjs            writes the page
//   node api-table.mjs --check    fails when the page is stale, or when a name is missing or should not be left out
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const declarationsPath = join(here, 'dist/switchboard-calling.d.ts');
const pagePath = join(here, '../../docs/web-api.md');
const api = JSON.parse(readFileSync(join(here, 'public-api.json'), 'utf8'));

/** Debian puts the compiler where no import finds it, so it is looked for beside its command. */
function loadTypeScript() {
    const command = execFileSync('sh', ['-c', 'command -v tsc'], { encoding: 'utf8' }).trim();
    return createRequire(import.meta.url)(join(dirname(realpathSync(command)), '../lib/typescript.js'));
}

/** What the declarations have: members, and events, of each exported name. */
function readDeclarations() {
    const ts = loadTypeScript();
    const program = ts.createProgram([declarationsPath], { lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'] });
    const checker = program.getTypeChecker();
    const module = checker.getSymbolAtLocation(program.getSourceFile(declarationsPath));
    const names = type => new Set(checker.getPropertiesOfType(type).map(symbol => symbol.name));
    const found = new Map();
    for (const exported of checker.getExportsOfModule(module)) {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        const [declaration] = symbol.declarations;
        const isValueOnly = !(symbol.flags & ts.SymbolFlags.Type);
        const type = isValueOnly
            ? checker.getTypeOfSymbolAtLocation(symbol, declaration)
            : checker.getDeclaredTypeOfSymbol(symbol);
        let members = names(type);
        // A union of words has the words for members, an enum its constants.
        if (symbol.flags & ts.SymbolFlags.Enum) members = new Set([...symbol.exports.keys()].map(String));
        else if (type.isUnion() && type.types.every(it => it.isStringLiteral())) {
            members = new Set(type.types.map(it => it.value));
        }
        const on = checker.getPropertyOfType(type, 'on');
        const signature = on && checker.getTypeOfSymbolAtLocation(on, declaration).getCallSignatures()[0];
        const parameter = signature?.parameters[0];
        const event = parameter && checker.getTypeOfSymbolAtLocation(parameter, declaration);
        const constraint = event && (checker.getBaseConstraintOfType(event) ?? event);
        const words = constraint ? (constraint.isUnion() ? constraint.types : [constraint]) : [];
        const events = new Set(words.filter(it => it.isStringLiteral()).map(it => it.value));
        found.set(exported.name, { members, events });
    }
    return found;
}

/** What is not as public-api.json says. */
function problems(found) {
    const list = [];
    for (const [name, { real = [], idle, events = [], leftOut = {} }] of Object.entries(api.types)) {
        const declared = found.get(name);
        if (!declared) {
            if (!('' in leftOut)) list.push(`${name} is not declared`);
            continue;
        }
        for (const member of [...real, ...(idle?.members ?? [])]) {
            if (!declared.members.has(member)) list.push(`${name}.${member} is not declared`);
        }
        for (const event of events) {
            if (!declared.events.has(event)) list.push(`${name} has no event ${event}`);
        }
        for (const member of Object.keys(leftOut)) {
            if (declared.members.has(member)) list.push(`${name}.${member} is declared, and named as left out`);
        }
    }
    for (const name of Object.keys(api.leftOut)) {
        if (found.has(name)) list.push(`${name} is declared, and named as left out`);
    }
    return list;
}

const code = names => names.map(name => `\`${name}\``).join(' ');

function row(name, { kind, real = [], idle, events = [], leftOut = {}, note }) {
    const remarks = [
        ...(idle ? [`idle: ${code(idle.members)} – ${idle.why}`] : []),
        ...Object.entries(leftOut).map(([member, why]) => `left out: ${member ? `${code([member])} – ` : ''}${why}`),
        ...(note ? [note] : []),
    ];
    const there = [code(real), events.length > 0 ? `events ${code(events)}` : ''].filter(part => part !== '');
    return `| \`${name}\` | ${kind} | ${there.join('; ') || '–'} | ${remarks.join('; ') || '–'} |`;
}

function page() {
    const types = Object.entries(api.types);
    const count = list => list.reduce((sum, number) => sum + number, 0);
    const real = count(types.map(([, it]) => (it.real?.length ?? 0)));
    const idle = count(types.map(([, it]) => it.idle?.members.length ?? 0));
    const reasons = new Map();
    for (const [name, why] of Object.entries(api.leftOut)) reasons.set(why, [...(reasons.get(why) ?? []), name]);
    return `# The web library and the SDK that it mirrors

<!-- Made by Clients/Web/api-table.mjs from Clients/Web/public-api.json. Do not edit. -->

Which names of the Azure Communication Services calling SDK for JavaScript the library has. *Real* members do what they
say. *Idle* ones are there so that apps run, and have nothing to show: lists are empty, and acts are refused by a
\`CallingError\` with code 405, reason \`featureNotOffered\` and the feature's name. ${real} members of ${types.length} types are
real, ${idle} idle. Members of our own are marked *Our addition* in the types.

| name | kind | real | idle, left out, notes |
|---|---|---|---|
${types.map(([name, entry]) => row(name, entry)).join('\n')}

## Types that are left out
| why | names |
|---|---|
${[...reasons].map(([why, names]) => `| ${why} | ${code(names)} |`).join('\n')}

## Differences worth knowing
* Features that telephones, rooms, recordings or roles belong to come with those; until then they are idle.
* \`alternateCallerId\` has no effect, since there are no telephones to show it.
* A view of a stream that is not sent at the moment waits for it; the mirrored SDK rejects with 412/43200.
* Somebody whom the server does not know ends the call with 404/0; who is signed in nowhere, with 480/10037.
* \`IncomingCall\` raises \`callEnded\` with 0/0 when it was accepted here.
* Until the server has answered, \`Call.id\` is a GUID made in the page; \`idChanged\` tells of the server's.
* Everybody in a call may lower hands, use the spotlight, mute and remove, until there are roles.
`;
}

const found = readDeclarations();
const wrong = problems(found);
if (process.argv.includes('--check')) {
    if (readFileSync(pagePath, 'utf8') !== page()) wrong.push('docs/web-api.md is stale: run node Clients/Web/api-table.mjs');
} else {
    writeFileSync(pagePath, page());
}
for (const line of wrong) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;
