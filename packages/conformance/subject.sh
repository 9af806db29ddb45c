#!/bin/sh
# Starts the conformance subject from its sources. The environment says what it does (src/subject.ts).
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd -P) || exit 1
# Without this the tsconfig.json of the working directory would be used.
TSX_TSCONFIG_PATH="$here/tsconfig.json"
export TSX_TSCONFIG_PATH
exec node --conditions=roam-source --import "$here/../../node_modules/tsx/dist/loader.mjs" "$here/src/subject.ts"
