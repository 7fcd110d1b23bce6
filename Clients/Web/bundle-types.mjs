// Joins the declaration files of the library into one that holds what src/index.ts exports and what that refers to.
//
//   node bundle-types.mjs DECLARATIONS-FOLDER INDEX > OUT
//
// It relies on what holds in this library: names are unique, imports between files are relative and named, there are
// no default exports, and each top-level declaration ends where the next line without indentation begins.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const [folder, index] = process.argv.slice(2);

/** Every top-level declaration by name, in the order of the imports. */
const declarations = new Map();
const seen = new Set();

function visit(path) {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(join(folder, `${path}.d.ts`), 'utf8');
    for (const [, target] of text.matchAll(/from '(\.[^']*)'/g)) visit(normalize(join(dirname(path), target)));
    collect(text);
}

function collect(text) {
    let comment = [];
    let lines = [];
    const finish = () => {
        const name = /^(?:declare )?(?:abstract )?(?:class|interface|type|const|enum|function) (\w+)/.exec(lines[0] ?? '')?.[1];
        if (name) declarations.set(name, [...comment, ...lines].join('\n'));
        comment = lines = [];
    };
    for (const line of text.split('\n')) {
        if (/^( \*|\/\*\*)/.test(line)) {
            if (line.startsWith('/**')) finish();
            comment = [...comment, line];
        } else if (/^[a-z]/.test(line)) {
            if (lines.length > 0) finish();
            lines = [line.replace(/^export (?=declare|interface|type|class|const|enum)/, '')];
        } else {
            lines = [...lines, line];
        }
    }
    finish();
}

/** Private members say nothing to a reader, and one of them is enough to keep a class from being imitated. */
function withoutPrivates(text) {
    let first = true;
    return text.replace(/^ {4}private (readonly )?\w+(\([^\n]*\))?[^\n]*;\n/gm, member => {
        const keep = first;
        first = false;
        return keep ? member : '';
    });
}

visit('index');
const exported = [...readFileSync(index, 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list]) => list.split(','))
    .map(name => name.trim())
    .filter(name => name !== '')
    .sort();

const reached = new Set();
function reach(name) {
    if (reached.has(name) || !declarations.has(name)) return;
    reached.add(name);
    declarations.set(name, withoutPrivates(declarations.get(name)));
    const code = declarations.get(name).replace(/\/\*\*[^]*?\*\//g, '');
    for (const [word] of code.matchAll(/\w+/g)) reach(word);
}
exported.forEach(reach);

const missing = exported.filter(name => !declarations.has(name));
if (missing.length > 0) throw new Error(`No declaration was found for ${missing.join(', ')}.`);
for (const [name, text] of declarations) if (reached.has(name)) console.log(text.trim() + '\n');
console.log(`export {\n${exported.map(name => `    ${name},`).join('\n')}\n};`);
