#!/bin/sh
# Installs for the user who runs it what scripts/stage.ts laid out beside this file, with PREFIX from the
# environment. Can be repeated and interrupted: a version is there whole or not at all, and programs that run keep
# theirs. Needs no systemd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/installed.sh
. "$here/installed.sh"
require_own_places
version=$(cat "$here/version")

for program in banger bangerd; do
  target=$(readlink "$bin/$program" || true)
  case $target in
    ../lib/banger/*) ;;
    *) [ ! -e "$bin/$program" ] || fail "$bin/$program is not of an installation; move it away and try again" ;;
  esac
done
mkdir -p "$bin" "$versions" "$units" "$services"

# Gives a file its place whole: put SOURCE TARGET
put() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new.$$"
  mv "$2.new.$$" "$2"
}

# The same with @bindir@ as systemd has it written: filled_in SOURCE TARGET
filled_in() {
  replacement=$(bin_in_units | sed 's/[\\&|]/\\&/g')
  sed "s|@bindir@|$replacement|g" "$1" >"$2.new.$$"
  mv "$2.new.$$" "$2"
}

exec 9>"$versions/.lock"
flock --timeout 60 9 || fail 'another installation does not end'
rm -rf "$versions"/.new.*
if [ ! -d "$versions/$version" ]; then
  cp -R "$here/lib" "$versions/.new.$$"
  mv -T "$versions/.new.$$" "$versions/$version"
fi
for file in "$here"/systemd/*; do filled_in "$file" "$units/${file##*/}"; done
for file in "$here"/dbus/*; do filled_in "$file" "$services/${file##*/}"; done
(cd "$here/share" && find . -type f) | while read -r file; do put "$here/share/$file" "$prefix/share/$file"; done
for program in banger bangerd; do
  ln -s "../lib/banger/$version/bin/$program" "$bin/.$program.new.$$"
  mv -T "$bin/.$program.new.$$" "$bin/$program"
done
reload
switch_socket enable
remove_versions "$version"

say "installed banger $version in $prefix"
case :$PATH: in *":$bin:"*) ;; *) say "$bin is not in your PATH" ;; esac
for directory in "$versions"/*/; do
  [ "$directory" = "$versions/$version/" ] || {
    say 'what runs of an older version goes on; to end its daemon alone, run: banger daemon stop'
    break
  }
done
