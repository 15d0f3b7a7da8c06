#!/bin/sh
# Runs a command with Node, npm and Rust on Alpine, whose C library is musl:
#   docker run --rm --volume "$PWD:/carom" --workdir /carom node:24-alpine sh .github/musl.sh npm test
set -eu
apk add --no-cache build-base rustup
rustup-init -y --quiet --profile minimal --default-toolchain stable
export PATH="$HOME/.cargo/bin:$PATH"
# The napi CLI takes this target for a cross build and asks for a linker that Alpine doesn't have under that name.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=cc
npm ci
exec "$@"
