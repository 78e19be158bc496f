#!/usr/bin/env bash
# Make this checkout ready to run: a virtual environment, the locked dependencies, and the programs named.
#
#   firmware_scripts/dev_setup.sh [mosquitto] [postgresql] [strace] [tmux]
#
# Says one line a step it has to take and nothing when all is there. Needs Python 3.11, git, make and apt, no more.
# Programs come from apt-get where root or passwordless sudo allows; otherwise one line says what to install.
# Nothing it installs is left running: make and the tests start their own, on spare ports.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv
readonly LOCK=requirements/dev.txt
readonly STAMP=$VENV/.popup-kiosk-setup
readonly POLICY=/usr/sbin/policy-rc.d
readonly APT_LOCK_WAIT_S=120 # unattended upgrades hold dpkg for a minute or two after boot

scratch=$(mktemp -d)
policy_is_ours=
as_root=()
apt_updated=

main() {
  trap clean_up EXIT
  exec 9<"$LOCK"
  flock 9 # two makes at once take turns
  local program
  for program in "$@"; do
    ensure_program "$program"
  done
  local wanted
  wanted=$(fingerprint)
  if [[ ! -x $VENV/bin/python || ! -f $STAMP || $(<"$STAMP") != "$wanted" ]]; then
    install_packages
    printf '%s\n' "$wanted" >"$STAMP"
  fi
}

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
  say "$*"
  exit 1
}

# run_quietly WHAT COMMAND...: on failure show the command's last lines, then one line of what failed.
run_quietly() {
  local what=$1
  shift
  "$@" >"$scratch/log" 2>&1 </dev/null && return
  tail -n 15 "$scratch/log" >&2
  stop "$what failed; the last lines above say why"
}

# ------------------------------------------------------------------------------------------------- programs, through apt

ensure_program() {
  case $1 in
    mosquitto) PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null || apt_install mosquitto mosquitto ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || apt_install PostgreSQL postgresql ;;
    strace) command -v strace >/dev/null || apt_install strace strace ;;
    tmux) command -v tmux >/dev/null || apt_install tmux tmux ;;
    *) stop "unknown program '$1'; known are mosquitto, postgresql, strace and tmux" ;;
  esac
}

# apt_install NAME PACKAGE: install one Debian package without a question, a recommendation or a started service.
apt_install() {
  local name=$1 package=$2
  become_root "$name" "$package"
  say "installing $name (apt-get install $package)"
  if [[ -z $apt_updated ]]; then
    apt_get update -qq >"$scratch/update" 2>&1 </dev/null || true # one dead source must not stop the others
    apt_updated=yes
  fi
  forbid_service_starts
  run_quietly "apt-get install $package" apt_get install -y -qq --no-install-recommends "$package"
  allow_service_starts
  case $package in
    mosquitto | postgresql) disable_service "$package" ;;
  esac
}

apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -o "DPkg::Lock::Timeout=$APT_LOCK_WAIT_S" "$@"
}

become_root() {
  command -v apt-get >/dev/null || stop "$1 is missing and there is no apt-get here: install $1, then run this again"
  if ((EUID == 0)); then
    as_root=()
  elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    stop "$1 is missing and installing it needs root: run 'sudo apt-get install $2', then run this again"
  fi
}

# Debian asks policy-rc.d before a package starts its service; a machine's own policy is left as it is.
forbid_service_starts() {
  [[ -e $POLICY ]] && return
  policy_is_ours=yes
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$POLICY" >/dev/null
  "${as_root[@]}" chmod 755 "$POLICY"
}

allow_service_starts() {
  [[ -n $policy_is_ours ]] || return 0
  "${as_root[@]}" rm -f "$POLICY"
  policy_is_ours=
}

# Only for what this script installed just now: it would start on a default port at the next boot.
disable_service() {
  command -v systemctl >/dev/null || return 0
  "${as_root[@]}" systemctl disable --quiet "$1" 2>/dev/null || true
}

# --------------------------------------------------------------------------------------------- the virtual environment

# What the environment was made from and for.
fingerprint() {
  { pwd -P && cat "$LOCK" pyproject.toml firmware_scripts/dev_setup.sh; } | sha256sum
}

install_packages() {
  is_usable || make_venv
  local python=$VENV/bin/python
  say "installing the locked Python packages ($LOCK)"
  run_quietly "pip install" "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$LOCK"
  run_quietly "installing this project" "$python" -m pip install --quiet --disable-pip-version-check --no-index \
    --no-deps --no-build-isolation --editable .
}

# Its scripts name the folder it was made in, so one that was copied or moved along with the checkout is made anew.
is_usable() {
  grep -qsF "$(pwd -P)/$VENV" "$VENV/bin/activate" && "$VENV/bin/python" -c "$IS_NEW_ENOUGH" 2>/dev/null &&
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1
}

readonly IS_NEW_ENOUGH='import sys; sys.exit(sys.version_info < (3, 11))'

make_venv() {
  local python version
  python=$(find_python) || stop "no Python 3.11 or newer found: run 'sudo apt-get install python3', then run this again"
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  # Debian ships Python without ensurepip; an environment made without it has no pip.
  "$python" -c 'import ensurepip' 2>/dev/null || apt_install "python$version-venv" "python$version-venv"
  say "making $VENV with Python $version"
  run_quietly "making $VENV" "$python" -m venv --clear "$VENV"
}

# The versions the lock was made for come first. Each is run, because a shim may stand in for one that is not there.
find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3 python; do
    if "$candidate" -c "$IS_NEW_ENOUGH" 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

clean_up() {
  allow_service_starts
  rm -rf "$scratch"
}

main "$@"
