#!/bin/sh
# Builds own.c for both processors and prints what own-program.ts holds: gcc 12 of Debian 12, and its
# cross compiler for arm64 (package gcc-aarch64-linux-gnu).
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT
for pair in amd64:x86_64-linux-gnu arm64:aarch64-linux-gnu; do
  tools=${pair#*:}
  "$tools-gcc" -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie -fcf-protection=none \
    -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=65536 -Wl,-z,noseparate-code -o "$out/own" own.c 2>/dev/null ||
    "$tools-gcc" -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie -no-pie \
      -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=65536 -Wl,-z,noseparate-code -o "$out/own" own.c
  "$tools-strip" --strip-all --remove-section=.comment --remove-section=.note.gnu.property "$out/own"
  printf '%s %s\n' "${pair%%:*}" "$(base64 -w0 "$out/own")"
done
