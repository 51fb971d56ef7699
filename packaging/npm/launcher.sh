#!/bin/sh
# Becomes the program, which lies in the package of this system. Where npm and
# others put that package: inside this one, or beside it.
case "$(uname -sm)" in
"Linux x86_64") system=linux-x64 ;;
"Linux aarch64" | "Linux arm64") system=linux-arm64 ;;
"Darwin x86_64") system=macos-x64 ;;
"Darwin arm64") system=macos-arm64 ;;
*) system=unknown ;;
esac

self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
  /*) self=$link ;;
  *) self=$(dirname "$self")/$link ;;
  esac
done
package=$(cd "$(dirname "$self")/.." && pwd -P)

for program in \
  "$package/node_modules/@kitty-events/$system/kitty-events" \
  "$package/../@kitty-events/$system/kitty-events"; do
  [ -x "$program" ] && exec "$program" "$@"
done
echo "kitty-events: the program for $(uname -sm) is not installed; try: npm install @kitty-events/$system" >&2
exit 69
