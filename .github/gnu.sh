#!/bin/sh
# Runs a command with Node, npm and Rust on AlmaLinux 8, whose glibc, 2.28, is the oldest that Node 20 runs with:
#   docker run --rm --volume "$PWD:/carom" --workdir /carom almalinux:8 sh .github/gnu.sh npm test
# Without Rust, for a job that only tests there: RUST=no.
set -eu
dnf module enable --assumeyes --quiet nodejs:20
dnf install --assumeyes --quiet nodejs npm gcc binutils findutils
if [ "${RUST:-yes}" = yes ]; then
  curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs | sh -s -- -y --quiet --profile minimal
  export PATH="$HOME/.cargo/bin:$PATH"
fi
npm ci
exec "$@"
