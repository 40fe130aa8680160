#!/usr/bin/env bash
# Builds what is handed to others: dist/plugin-server, one stripped binary that needs no shared library.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(uname -s)" = Linux ] || { echo "dist: a static binary is a Linux thing; elsewhere: cargo build --profile dist -p plugin-server" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)

# rustc asks for libstdc++ as a shared library. A folder that holds nothing but the archive, searched first, answers with that.
static=$target/static-libstdc++
mkdir -p "$static"
ln -sf "$("${CXX:-c++}" -print-file-name=libstdc++.a)" "$static/libstdc++.a"

# The C++ of RocksDB is compiled with the same options in every profile, so the archive of an earlier build serves this one too.
archive=$(ls -t "$target"/debug/build/librocksdb-sys-*/out/librocksdb.a 2>/dev/null | head -n 1) || true
if [ -n "$archive" ] && [ -z "${ROCKSDB_LIB_DIR-}" ]; then
    ROCKSDB_LIB_DIR=$(dirname "$archive")
    export ROCKSDB_LIB_DIR ROCKSDB_STATIC=1
    echo "dist: linking the RocksDB of $ROCKSDB_LIB_DIR" >&2
elif [ -z "${ROCKSDB_LIB_DIR-}" ]; then
    scripts/bootstrap.sh --long-build "$host/dist"
fi

# With --target the flags hold for the program and not for the procedural macros, which rustc has to load.
RUSTFLAGS="${RUSTFLAGS-} -C target-feature=+crt-static -L native=$static" \
    cargo build --locked --profile dist --target "$host" -p plugin-server --bin plugin-server

mkdir -p dist
install -m 755 "$target/$host/dist/plugin-server" dist/plugin-server
linkage=$(ldd dist/plugin-server 2>&1) || true
case "$linkage" in
    *"statically linked"* | *"not a dynamic executable"*) ;;
    *) printf 'dist: the binary is not static:\n%s\n' "$linkage" >&2; exit 1 ;;
esac
printf 'dist/plugin-server: %s, %s MiB\n' "$(echo "$linkage" | xargs)" "$(($(stat -c %s dist/plugin-server) >> 20))"
