#!/bin/sh
# Installs the tools for `npm run check:targets` on Debian 13, and runs a command. The kernel must know an emulator of arm64 already.
#   docker run --rm --volume "$PWD:/carom" --workdir /carom node:24-trixie sh .github/targets.sh npm run check:targets
set -eu
dpkg --add-architecture arm64
apt-get update
apt-get install --yes --no-install-recommends gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross musl-tools libc6:arm64 \
  libstdc++6:arm64 gcc-mingw-w64-x86-64 wine64 python3-pip rustup
rustup toolchain install stable --profile minimal --target "$(sed -n "s/.*triple: '\([^']*\)'.*/\1/p" __test__/targets/targets.ts | paste -sd, -)"
rustup default stable
npm ci
npm run build:ts
exec "$@"
