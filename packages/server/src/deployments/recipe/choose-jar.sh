# Puts what a build of Java has made into .borgos/app: as app.jar the one jar that can be run, or all
# jars of a distribution. `sh choose-jar.sh jar|distribution target|build`
set -eu
kind=$1
output=$2
app=.borgos/app
mkdir -p "$app"

if [ "$kind" = distribution ]; then
  for folder in "$output"/install/*/lib */"$output"/install/*/lib; do
    [ -d "$folder" ] || continue
    cp "$folder"/*.jar "$app"/
    exit 0
  done
  echo "The build made no folder $output/install/<name>/lib." >&2
  exit 1
fi

# Quarkus: a small jar with the libraries in folders beside it.
for folder in "$output"/quarkus-app */"$output"/quarkus-app; do
  [ -f "$folder/quarkus-run.jar" ] || continue
  cp -R "$folder"/. "$app"/
  mv "$app/quarkus-run.jar" "$app/app.jar"
  exit 0
done

# Of those with a Main-Class the largest: the others lack the libraries.
largest=0
chosen=
root=$PWD
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
for jar in "$output"/*.jar "$output"/libs/*.jar */"$output"/*.jar */"$output"/libs/*.jar; do
  [ -f "$jar" ] || continue
  case ${jar##*/} in
    *-plain.jar | *-sources.jar | *-javadoc.jar | *-tests.jar | original-*) continue ;;
  esac
  rm -rf "$unpacked/META-INF"
  (cd "$unpacked" && jar xf "$root/$jar" META-INF/MANIFEST.MF) || continue
  grep -q '^Main-Class:' "$unpacked/META-INF/MANIFEST.MF" 2>/dev/null || continue
  size=$(wc -c <"$jar")
  if [ "$size" -gt "$largest" ]; then
    largest=$size
    chosen=$jar
  fi
done
if [ -z "$chosen" ]; then
  echo "No jar in $output has a Main-Class: let the build make one that can be run (Spring Boot, the shade plugin, shadowJar), or say \"start\" in borgos.json." >&2
  exit 1
fi
cp "$chosen" "$app/app.jar"
# A thin jar names its libraries by relative paths.
for folder in "${chosen%/*}/lib" "${chosen%/*}/libs" "${chosen%/*}/dependency"; do
  if [ -d "$folder" ]; then cp -R "$folder" "$app"/; fi
done
