#!/bin/sh
# Runs the tests that need no browser, with node's own runner on the bundled library.
set -eu
cd "$(dirname "$0")"
mkdir -p build
esbuild test/internals.ts --bundle --format=esm --target=es2022 --log-level=warning --outfile=build/internals.js
esbuild src/index.ts --bundle --format=esm --target=es2020 --minify --log-level=warning --outfile=build/public.js
exec node --no-warnings --test test/*.test.mjs
