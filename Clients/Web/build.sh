#!/bin/sh
# Builds the library and the demo page into dist/ with Debian's tsc and esbuild; needs no network.
#
#   dist/switchboard-calling.js     the library, one minified ES module       served at /sdk/switchboard-calling.js
#   dist/switchboard-calling.d.ts   its types                                 served at /sdk/switchboard-calling.d.ts
#   dist/demo/                      index.html, demo.js, demo.css             served at /
set -eu
cd "$(dirname "$0")"

for tool in node tsc esbuild; do
    command -v "$tool" >/dev/null || {
        echo "Clients/Web: $tool is missing (Debian: apt-get install nodejs node-typescript esbuild)" >&2
        exit 1
    }
done

rm -rf dist build
mkdir -p dist/demo build/types

tsc -p .
tsc -p . --noEmit false --emitDeclarationOnly --declaration --removeComments false --outDir build/types
node bundle-types.mjs build/types src/index.ts > dist/switchboard-calling.d.ts
esbuild src/index.ts --bundle --format=esm --target=es2020 --minify --legal-comments=none --log-level=warning \
    --outfile=dist/switchboard-calling.js

# The demo is written against the built library, as an app would be.
tsc -p demo
esbuild demo/demo.ts --bundle --format=esm --target=es2022 --minify --log-level=warning \
    --external:/sdk/switchboard-calling.js --outfile=dist/demo/demo.js
esbuild demo/demo.css --minify --log-level=warning --outfile=dist/demo/demo.css
cp demo/index.html dist/demo/index.html

size=$(gzip -9 -c dist/switchboard-calling.js | wc -c)
echo "switchboard-calling.js: $(wc -c < dist/switchboard-calling.js) bytes, $size gzipped"
# Half of it is calls and media; the many features of the mirrored SDK, most of them idle, are a fifth.
if [ "$size" -gt 45056 ]; then
    echo "Clients/Web: the library is larger than 44 kB gzipped" >&2
    exit 1
fi
