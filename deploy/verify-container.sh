#!/usr/bin/env bash
# Builds the Dockerfile and runs what comes out, on a Debian machine without a container engine.
#
# By hand, as root:  apt-get install -y buildah debootstrap fuse-overlayfs
#                    deploy/verify-container.sh [WORK-DIRECTORY]
#
# The base image is a stand-in that debootstrap makes (Debian's python3 under the name of the
# official image), so this proves the Dockerfile's steps and the image's behaviour under a
# read-only root, without capabilities, as uid 10001; neither the official base image nor an
# engine's own isolation. Nothing is pulled. Work of an earlier run is used again.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"
storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)
base=docker.io/library/python:3.11-slim-bookworm
image=localhost/port-of-entry-kiosk:verify
root=$work/root
port=${PORT:-8470}

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
buildah() { command buildah "${storage[@]}" "$@"; }

mounted=()
leave() {
  [[ -z ${service:-} ]] || kill "$service" 2>/dev/null || true
  for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount "${mounted[i]}" || umount -l "${mounted[i]}"; done
}
trap leave EXIT

say "a stand-in for $base"
if [[ ! -e base.tar ]]; then
  rm -rf rootfs
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm rootfs >debootstrap.log
  ln -s ../../bin/python3 rootfs/usr/local/bin/python
  # A machine behind a proxy of its own trusts and resolves as it is configured to; so must the build.
  cp /etc/ssl/certs/ca-certificates.crt rootfs/etc/ssl/certs/ca-certificates.crt
  tar -C rootfs -cf base.tar .
fi
if ! buildah images --quiet "$base" >/dev/null 2>&1; then
  container=$(buildah from scratch)
  buildah add --quiet "$container" base.tar / >/dev/null
  buildah config --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$container"
  buildah commit --quiet "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
fi

say "the image"
buildah bud --format docker --isolation chroot --pull-never --quiet --tag "$image" "$repo" >/dev/null
buildah inspect --type image --format \
  'user {{.Docker.Config.User}}, stop signal {{.Docker.Config.StopSignal}}, entry point {{.Docker.Config.Entrypoint}} {{.Docker.Config.Cmd}}, health check {{.Docker.Config.Healthcheck}}' \
  "$image" && echo
container=$(buildah from --pull-never "$image")
files=$(buildah mount "$container")
du -sh --apparent-size "$files/opt/kiosk" | cut -f1 | sed 's/^/size of \/opt\/kiosk: /'

say "what must not be in it"
site=$(echo "$files"/opt/kiosk/lib/python3*/site-packages)
for name in tests simulators scipy pytest hypothesis mypy ruff uv; do
  [[ ! -e $site/$name ]] || fail "$name is in the image"
done
found=$(find "$files" -xdev \( -name .git -o -name '*.key' -o -path '*/bin/gcc*' -o -path '*/bin/cc' \) -print -quit)
[[ -z $found ]] || fail "$found is in the image"
echo "no tests, simulators, development tools, compilers, keys, .git"

say "run: read-only root, /data and /keys as volumes, /tmp in memory, uid 10001, no capabilities"
mkdir -p "$root" && rm -rf data keys && install -d -o 10001 -g 10001 -m 0700 data keys
mount_at() { local at=${!#}; mount "$@"; mounted+=("$at"); }
mount_at --bind "$files" "$root"
mount -o remount,bind,ro "$root"
mount_at -t tmpfs -o size=64m,mode=1777,noexec,nosuid,nodev tmpfs "$root/tmp"
mount_at -t proc proc "$root/proc"
mount_at --bind /dev "$root/dev"
mount_at --bind data "$root/data"
mount_at --bind keys "$root/keys"
inside=(
  chroot "$root" /usr/bin/env -i PATH=/opt/kiosk/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp
  PYTHONDONTWRITEBYTECODE=1 setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs
  --bounding-set=-all --inh-caps=-all
)
inside() { "${inside[@]}" "$@"; }
inside sh -c 'id; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; ! touch /opt/kiosk/x 2>/dev/null' \
  || fail "the root file system can be written to"

say "serve without init must refuse"
! inside kiosk serve --data /data || fail "it started"

say "kiosk init"
inside kiosk init --data /data --keys /keys | sed -E 's/(token|password) of ([^:]*): .*/\1 of \2: …/'
say "kiosk init, once more"
inside kiosk init --data /data --keys /keys
say "kiosk doctor"
inside kiosk doctor --data /data || true

say "kiosk serve"
"${inside[@]}" kiosk serve --data /data --host 0.0.0.0 --port "$port" --behind-proxy &
service=$!
for _ in $(seq 120); do
  sleep 0.5
  kill -0 "$service" 2>/dev/null || fail "the service ended"
  curl --silent --fail "http://127.0.0.1:$port/readyz" >/dev/null && break
done
curl --silent --show-error --fail "http://127.0.0.1:$port/healthz"; echo
curl --silent --show-error --fail "http://127.0.0.1:$port/readyz"; echo
say "the image's health check"
check=$(buildah inspect --type image --format '{{index .Docker.Config.Healthcheck.Test 3}}' "$image")
inside python -c "${check//8470/$port}" && echo healthy
say "kiosk doctor beside it"
inside kiosk doctor --data /data || true
say "SIGTERM"
kill -TERM "$service"
wait "$service" || fail "it ended with $?"
service=
! inside python -c "${check//8470/$port}" 2>/dev/null || fail "healthy without a service"
inside kiosk journal verify --data /data
say "verified"
