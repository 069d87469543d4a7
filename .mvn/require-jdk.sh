# Read by mvnw before it starts: says in one sentence that no JDK 25 is there, where Maven would
# speak of toolchains. Looks where the toolchains plugin looks.
java_on_path=$(readlink -f "$(command -v java || true)" 2>/dev/null || true)
for home in "${java_on_path%/bin/java}" "${RADIATA_JAVA_HOME:-}" "${JAVA_HOME:-}" "${JAVA25_HOME:-}" "${JDK25:-}" /usr/lib/jvm/* /opt/java* \
  /opt/java/* /opt/jdk* "${HOME:-/nowhere}"/.sdkman/candidates/java/* "${HOME:-/nowhere}"/.jdks/* \
  "${HOME:-/nowhere}"/.asdf/installs/java/* "${HOME:-/nowhere}"/.jabba/jdk/* \
  /Library/Java/JavaVirtualMachines/*/Contents/Home; do
  version=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9][0-9]*\).*/\1/p' "$home/release" 2>/dev/null | head -n 1)
  if [ "${version:-0}" -ge 25 ]; then
    return 0
  fi
done
echo "mvnw: no JDK 25 or newer found; install one (https://adoptium.net) and set JAVA_HOME to it" >&2
exit 69
