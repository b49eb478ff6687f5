import { olderGuest } from './guest.ts';

/** What the script ends with, besides 0. */
export const unpackStatus = {
  /** Not all could be put in its place. */
  partial: 1,
  /** What has to be a directory is not. */
  notDirectory: 71,
  noParent: 72,
  /** Nothing is put in its place. */
  incomplete: 73,
} as const;

/**
 * Unpacks beside the place where things go, and moves them there when all has come: $1 that place, $2 a token,
 * $3 whether it must be a directory, then the names. A stream that breaks off leaves nothing. What has one of the names
 * there is the user's choice: a link to a file is followed, and a device or a named pipe is written into.
 */
export const unpackScript = `
${olderGuest.check}
bb=/run/banger/busybox
to=$1 end=.banger-end-$2 void=.banger-void-$2 new=.banger-$2 must=$3
shift 3
umask 022
trap '' HUP INT TERM PIPE
unset TAR_OPTIONS
if [ -d "$to" ]; then into=$to parent=$to
elif [ "$must" ] || [ $# -gt 1 ]; then exit ${unpackStatus.notDirectory}
else into= parent=$($bb dirname -- "$to"; echo .); parent=\${parent%??}; [ -d "$parent" ] || exit ${unpackStatus.noParent}; fi
staging=$new
new=$parent/$staging
$bb mkdir -m 700 -- "$new" || exit 74
tar=tar
command -v tar >/dev/null || tar="$bb tar"
$tar -x -p -o -f - -C "$new"
status=$?
if [ $status -ne 0 ] || [ ! -e "$new/$end" ]; then $bb rm -rf -- "$new"; exit ${unpackStatus.incomplete}; fi
$bb rm -f -- "$new/$end"
if [ -e "$new/$void" ]; then
  (cd -- "$new" && $bb xargs -0 $bb rm -f -- <"./$void") || { $bb rm -rf -- "$new"; exit ${unpackStatus.incomplete}; }
  $bb rm -f -- "$new/$void"
fi
failed=0
fail() { echo "$1: $2" >&2; failed=${unpackStatus.partial}; }
in_the_way() { fail "$1" "$2 is in the way in the guest; move it away"; }
kind() {
  if [ -p "$1" ]; then echo 'a named pipe'
  elif [ -S "$1" ]; then echo 'a socket'
  elif [ -c "$1" ]; then echo 'a character device'
  else echo 'a block device'; fi
}
is_special() { [ -e "$1" ] && [ ! -f "$1" ] && [ ! -d "$1" ]; }
place() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then
    if [ -L "$2" ] || { [ -e "$2" ] && [ ! -d "$2" ]; }; then in_the_way "$2" 'something that is not a directory'
    elif [ -d "$2" ]; then fill "$1" "$2"
    else $bb mv -T -- "$1" "$2" || failed=${unpackStatus.partial}; fi
  elif [ -d "$2" ] && [ ! -L "$2" ]; then in_the_way "$2" 'a directory'
  elif [ ! -L "$2" ] && is_special "$2"; then in_the_way "$2" "$(kind "$2")"
  else $bb mv -f -T -- "$1" "$2" || failed=${unpackStatus.partial}; fi
}
fill() {
  for each in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$each" ] || [ -L "$each" ]; then place "$each" "$2/\${each##*/}"; fi
  done
}
place_named() {
  if is_special "$2"; then
    if [ -d "$1" ]; then in_the_way "$2" "$(kind "$2")"
    elif [ -S "$2" ]; then fail "$2" 'it is a socket, into which nothing can be copied'
    else /run/banger/sync into "$2" <"$1" || failed=${unpackStatus.partial}; fi
  elif [ ! -L "$2" ]; then place "$1" "$2"
  elif [ ! -e "$2" ]; then fail "$2" 'it is a symbolic link to something that does not exist; remove it'
  elif [ -d "$2" ]; then in_the_way "$2" 'a symbolic link to a directory'
  elif [ -d "$1" ]; then in_the_way "$2" 'something that is not a directory'
  else
    real=$($bb readlink -f -- "$2"; echo .); real=\${real%??}
    beside=\${real%/*}/$staging-file
    if $bb cp -p -- "$1" "$beside" && $bb mv -f -T -- "$beside" "$real"; then :; else
      $bb rm -f -- "$beside"; failed=${unpackStatus.partial}; fi
  fi
}
for name; do
  if [ "$name" = . ] && [ -z "$into" ]; then place "$new" "$to"
  elif [ "$name" = . ]; then fill "$new" "$to"
  elif [ -e "$new/$name" ] || [ -L "$new/$name" ]; then
    target=$to
    [ -z "$into" ] || target=$into/$name
    place_named "$new/$name" "$target"
  fi
done
$bb rm -rf -- "$new"
exit $failed
`;
