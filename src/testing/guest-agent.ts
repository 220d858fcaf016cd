/** How many commands can run in a guest at once. */
export const slotCount = 6;

/**
 * Process 1 of the guest: runs commands for the host over virtio serial ports, which it finds by their number (the
 * first number in their device name depends on the order in which the kernel met its devices).
 *
 * Port 1 is the control port: `kill SIGNAL SLOT`, `down`. Each slot has three ports. On the first it takes a line
 * `MARK MODE WORDS` and writes the command's standard output; the second gets standard error; the third brings
 * standard input (MODE `i`) or is the command's descriptor 3 (MODE `c`). WORDS are shell-quoted words: directory,
 * NAME=VALUE..., `--`, program, arguments. \001MARK+ begins a stream and \001MARK- ends it, on the first port
 * followed by the exit status and 1 when a signal caused it: ash says so on its own standard error, except for
 * SIGINT and SIGPIPE.
 *
 * Control and slots are the parts of one pipeline, because in a list with `&` they and their commands would ignore
 * SIGINT and SIGQUIT; and process 1, waiting for the pipeline, reaps every orphan. Programs are looked up by hand,
 * because this busybox prefers its own applets to programs of the same name.
 */
export const guestAgent: string = String.raw`
b=/run/vm/busybox
nl='
'
port() {
  number=$1
  set -- /dev/vport*p$number
  until [ -c "$1" ]; do
    $b usleep 2000
    set -- /dev/vport*p$number
  done
  port=$1
}
lookup() {
  program=$1
  case $1 in */*) return ;; esac
  IFS=:
  for dir in $PATH; do
    program=$dir/$1
    [ -f "$program" ] && [ -x "$program" ] && return
  done
  echo "$1: command not found" >&2
  exit 127
}
run() {
  eval "set -- $words"
  cd "$1" 2>/dev/null || {
    echo "The guest cannot enter the directory $1: name one that it has (/run is its own, and /tmp may be)." >&2
    exit 126
  }
  shift
  unset SHLVL OLDPWD
  while [ "$1" != -- ]; do export "$1"; shift; done
  shift
  lookup "$1"
  shift
  exec $b setsid "$program" "$@"
}
slot() {
  n=$1
  port $((n * 3 + 2)); exec 0<>"$port" 1>&0
  port $((n * 3 + 3)); exec 8<>"$port"
  port $((n * 3 + 4)); exec 9<>"$port"
  exec 2>/run/vm/said.$n
  while read -r mark mode words; do
    : >/run/vm/said.$n
    (
      exec 2>&8
      read -r pid rest </proc/self/stat
      echo "$pid" >/run/vm/pid.$n
      printf '\001%s+\n' "$mark"
      printf '\001%s+\n' "$mark" >&2
      if [ $mode = n ]; then exec </dev/null; else
        until read -r go <&9 && [ "$go" = "$mark" ]; do [ "$go" ] || $b usleep 2000; done
        if [ $mode = c ]; then exec </dev/null 3<&9; else exec <&9; fi
      fi
      exec 8>&- 9>&-
      run
    )
    status=$?
    signalled=0
    if [ $status -gt 128 ]; then
      [ -s /run/vm/said.$n ] && signalled=1
      [ $status = 130 ] && signalled=1
      [ $status = 141 ] && signalled=1
    fi
    printf '\001%s-%s %s\n' "$mark" $status $signalled
    printf '\001%s-\n' "$mark" >&8
  done
}
control() {
  port 1
  exec 3<>"$port"
  read -r release </proc/sys/kernel/osrelease
  echo "ready $release" >&3
  while read -r verb signal n <&3; do
    [ $verb = down ] && break
    read -r pid </run/vm/pid.$n
    kill -s "$signal" -- "-$pid" 2>/dev/null || kill -s "$signal" "$pid" 2>/dev/null
  done
  $b sync
  exec $b poweroff -f
}
control${Array.from({ length: slotCount }, (_, number) => ` | slot ${number}`).join('')}
`;
