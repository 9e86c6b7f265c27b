# shellcheck shell=bash
# Shared by the scripts: messages, and the packages that a fresh machine needs. Sourced, never run.
#
# Messages go to standard error, so that standard output contains only the result.

unset CDPATH
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

need_linux() {
    [[ $(uname -s) == Linux ]] || die "Eddy runs on Linux only, because io_uring does; use a Linux machine or container"
}

# Swift 6.2 or newer.
need_swift() {
    local remedy="install Swift 6.2 or newer from https://www.swift.org/install and put it on PATH"
    command -v swift >/dev/null || die "no swift command; $remedy"

    local version
    version=$(swift --version 2>/dev/null) || die "\`swift --version\` failed; $remedy"
    [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] || die "cannot tell the version of Swift; $remedy"
    local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    ((major > 6 || (major == 6 && minor >= 2))) || die "Swift $major.$minor is too old; $remedy"
}

# need_package NAME...: installs missing Debian or Ubuntu packages, or exits with a clear message.
need_package() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || return 0

    local names="${missing[*]}"
    say "installing $names"
    command -v apt-get >/dev/null ||
        die "cannot install $names without apt-get; install the equivalent on this system, then try again"
    [[ $(id -u) == 0 ]] || command -v sudo >/dev/null ||
        die "cannot install $names without root or sudo; run as root: apt-get install $names"
    install_packages "${missing[@]}" ||
        die "cannot install $names (see above); check the network, then run: sudo apt-get install $names"

    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) || die "installed, but still not found: ${missing[*]}"
}

# want_package NAME...: like need_package, but continues without them.
want_package() {
    (need_package "$@") || say "continuing without $*"
}

missing_packages() {
    local name
    for name in "$@"; do
        provides "$name" || printf '%s\n' "$name"
    done
}

# Looks for the contents of a package, not for the package, so that other systems and custom builds count too.
provides() {
    case $1 in
        liburing-dev) pkg-config --exists liburing 2>/dev/null ;;
        redis-tools) command -v redis-benchmark >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

# In a subshell, which has its own lock and trap. The lock makes a second script wait for the first one.
install_packages() (
    exec 9>"${TMPDIR:-/tmp}/eddy-install-$(id -u).lock"
    flock 9

    # Debian starts a service as soon as its package is installed, unless this file forbids it.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi

    # The package lists may be missing or old. If they cannot be updated, the old ones may still be enough.
    apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }
    apt update || true
    apt install -y --no-install-recommends "$@" || exit

    # Servers must not start at boot either: only the scripts run them.
    for name in "$@"; do
        case $name in
            haproxy | redis-server) as_root systemctl disable "$name" 2>/dev/null || true ;;
        esac
    done
)
