#!/usr/bin/env bash
# Gets a machine ready to build: Rust, a C++ compiler, and libclang, without which RocksDB's bindings cannot be generated.
# Installs what is missing where it may, otherwise says in one sentence what to type. Says nothing when nothing is to do.
#
# Writes .tools/env, which every target of the Makefile reads. Knows from the environment: LIBCLANG_PATH, CXX, CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/.tools

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Runs a command as root, if that needs nobody to type a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1; fi
}

apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root true || return 1
    say "installing $* with apt-get"
    local get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o=Dpkg::Use-Pty=0)
    as_root "${get[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { as_root "${get[@]}" update >/dev/null && as_root "${get[@]}" install -y --no-install-recommends "$@" >/dev/null; }
}

# What a person has to type when this script may not: the words for Debian, Fedora, Arch, Alpine and macOS, in this order.
by_hand() {
    case "$(uname -s)" in
        Darwin) printf '%s' "$5" ;;
        *)
            if command -v dnf >/dev/null; then printf 'sudo dnf install %s' "$2"
            elif command -v pacman >/dev/null; then printf 'sudo pacman -S %s' "$3"
            elif command -v apk >/dev/null; then printf 'sudo apk add %s' "$4"
            else printf 'sudo apt-get install %s' "$1"; fi ;;
    esac
}

# --- Rust ---------------------------------------------------------------------------------------------------------------------

cargo_path=
if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    cargo_path=$HOME/.cargo/bin # installed, and this shell is older than that
    PATH=$PATH:$cargo_path
fi
command -v cargo >/dev/null || die "cargo is not installed; install Rust from https://rustup.rs and run this again"
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
present=$(rustc --version | awk '{print $2}')
if [ "$(printf '%s\n' "$wanted" "${present%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
    die "Rust $present is older than the $wanted that this project needs; run: rustup update stable"
fi

# --- C++ ----------------------------------------------------------------------------------------------------------------------

cxx_works() { printf '#include <cstdint>\nint main() {}\n' | ${CXX:-c++} -std=c++20 -x c++ -fsyntax-only - 2>/dev/null; }
if ! cxx_works; then
    apt_install g++ || true
    cxx_works || die "no C++20 compiler was found; run: $(by_hand g++ gcc-c++ gcc g++ 'xcode-select --install')"
fi

# --- libclang -----------------------------------------------------------------------------------------------------------------

llvm_folders() {
    printf '%s\n' /usr/lib/llvm-*/lib /usr/lib/llvm*/lib64 /usr/lib/llvm*/lib /usr/local/lib /usr/lib64 /usr/lib /usr/lib/*-linux-gnu* \
        /opt/homebrew/opt/llvm/lib /usr/local/opt/llvm/lib /Library/Developer/CommandLineTools/usr/lib \
        /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib
}

# The folder of a libclang that bindgen will find or be told of.
find_libclang() {
    local folder file
    for folder in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} $(llvm_folders); do
        [ -f "$folder" ] && { dirname "$folder"; return; } # LIBCLANG_PATH may name the file
        for file in "$folder"/libclang.so* "$folder"/libclang-[0-9]*.so* "$folder"/libclang.dylib; do
            [ -e "$file" ] && { echo "$folder"; return; }
        done
    done
    file=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libclang\(-[0-9.]*\)\?\.so.* => //p' | head -n 1)
    [ -e "$file" ] && { dirname "$file"; return; }
    [ -e "$tools/libclang/clang/native/libclang.so" ] && echo "$tools/libclang/clang/native"
}

# A wheel needs no root: the library alone, into a folder of this clone.
wheel_install() {
    local pip
    for pip in "python3 -m pip" pip3 "uv pip"; do
        $pip --version >/dev/null 2>&1 || continue
        say "installing the Python wheel of libclang into .tools/ (24 MB)"
        PIP_ROOT_USER_ACTION=ignore $pip install --quiet --target "$tools/libclang" libclang >&2 && return
    done
    return 1
}

libclang=$(find_libclang) || true
if [ -z "$libclang" ]; then
    { apt_install libclang-dev || wheel_install; } || true
    libclang=$(find_libclang) || true
fi
[ -n "$libclang" ] ||
    die "libclang is missing and could not be installed here; run: $(by_hand libclang-dev clang-devel clang clang-dev 'brew install llvm')"

# --- What the build is told ----------------------------------------------------------------------------------------------------

mkdir -p "$tools"
{
    echo "# Written by scripts/bootstrap.sh."
    [ -z "$cargo_path" ] || echo "export PATH=\"\$PATH\":'$cargo_path'"
    # Where bindgen looks by itself it is not told: a variable less in which two builds could differ.
    case "$libclang" in
        "$tools"*) echo "export LIBCLANG_PATH='$libclang'" ;;
    esac
    # Without clang's own headers (a wheel has none), the compiler's stand in: the bindings come out the same.
    if ! compgen -G "$libclang/clang/*/include/stddef.h" >/dev/null && ! compgen -G "/usr/lib/llvm-*/lib/clang/*/include/stddef.h" >/dev/null &&
        ! compgen -G "/usr/lib*/clang/*/include/stddef.h" >/dev/null && [ "$(uname -s)" = Linux ]; then
        echo "export BINDGEN_EXTRA_CLANG_ARGS=\"\${BINDGEN_EXTRA_CLANG_ARGS:--isystem $(${CC:-cc} -print-file-name=include)}\""
    fi
    # ccache stands in front of the compilers by name and not through CC and CXX, which the build scripts would take for a change.
    if ccache=$(command -v ccache); then
        mkdir -p "$tools/ccache"
        for compiler in cc c++ gcc g++; do ln -sf "$ccache" "$tools/ccache/$compiler"; done
        echo "export PATH='$tools/ccache':\"\$PATH\""
    fi
} >"$tools/env.new"
mv "$tools/env.new" "$tools/env"

# --- A word before a long build -------------------------------------------------------------------------------------------------

if [ "${1-}" = --long-build ] && ! compgen -G "${CARGO_TARGET_DIR:-target}/${2:-debug}/build/librocksdb-sys-*/out/librocksdb.a" >/dev/null; then
    say "the first build compiles RocksDB, 340 files of C++: about 12 minutes on two cores, once. Later builds take seconds."
    command -v ccache >/dev/null || say "(with ccache installed, even 'cargo clean' would not bring that back)"
fi
