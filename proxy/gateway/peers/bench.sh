#!/usr/bin/env bash
# Measures squid, mitmproxy and sslsplit, where they are installed, and this module's
# own interceptor beside the floor, the least that an intercepting proxy can do: all in
# turns on one machine, each on one core. Prints ratios to the floor; more is better,
# but for the last two lines.
#
#     proxy/gateway/peers/bench.sh           five turns each, about three minutes
#     TURNS=20 proxy/gateway/peers/bench.sh
#     KEEP=/tmp/raw.txt proxy/gateway/peers/bench.sh   keeps what the benchmarks say
#
# Nothing is installed and nothing of the system is changed. Upstream certificates are
# verified by none of them.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
pids=()
finish() {
  [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT

origin=${ORIGIN_PORT:-28443}
next=28450
peers=()

# start NAME KIND COMMAND... runs a peer on core 0 and waits until it accepts at $port.
start() {
  local name=$1 kind=$2 i
  shift 2
  taskset -c 0 "$@" >"$dir/$name.log" 2>&1 &
  pids+=($!)
  for i in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      peers+=("$name=127.0.0.1:$port,${pids[-1]}$kind")
      return
    fi
    sleep 0.1
  done
  echo "$name does not start:" >&2
  tail -n 5 "$dir/$name.log" >&2
}

authority() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/ca.key" -out "$dir/ca.pem" -days 2 -subj "/CN=Bench CA" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  cat "$dir/ca.pem" "$dir/ca.key" >"$dir/both.pem"
}

squid_conf() {
  cat <<CONF
http_port 127.0.0.1:$port ssl-bump tls-cert=$dir/both.pem generate-host-certificates=on dynamic_cert_mem_cache_size=16MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s $dir/certs -M 16MB
sslcrtd_children 8 startup=4 idle=1
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
sslproxy_cert_error allow all
tls_outgoing_options flags=DONT_VERIFY_PEER,DONT_VERIFY_DOMAIN
http_access allow all
cache deny all
access_log $dir/access.log
cache_log $dir/cache.log
coredump_dir $dir
pid_filename none
shutdown_lifetime 0 seconds
visible_hostname squid.test
CONF
}

has() { command -v "$1" >/dev/null || { echo "$1 is not installed" >&2; return 1; }; }

has taskset && has go || exit 1
if has openssl; then
  authority
  if has squid && [ -x /usr/lib/squid/security_file_certgen ]; then
    port=$((next++))
    squid_conf >"$dir/squid.conf"
    /usr/lib/squid/security_file_certgen -c -s "$dir/certs" -M 16MB >/dev/null
    chmod 755 "$dir"
    [ "$(id -u)" != 0 ] || chown -R proxy "$dir" # squid gives up being root
    start squid "" squid -N -n "bench$port" -f "$dir/squid.conf"
  fi
  if has sslsplit; then
    port=$((next++))
    start sslsplit ,direct sslsplit -u "$(id -un)" -k "$dir/ca.key" -c "$dir/ca.pem" ssl 127.0.0.1 "$port" 127.0.0.1 "$origin"
  fi
fi
if has mitmdump; then
  port=$((next++))
  start mitmproxy "" mitmdump -q --listen-host 127.0.0.1 -p "$port" --set confdir="$dir/mitm" --ssl-insecure
fi

# One process for each benchmark: the origin's address is the same in all.
raw=$dir/raw.txt
go test -c -o "$dir/gateway.test" .
for name in FreshNames KnownName Requests Bulk SetUp Idle; do
  turns=${TURNS:-5}x
  case $name in SetUp) turns=200x ;; Idle) turns=1x ;; esac
  REHEARSE_PEERS="${peers[*]-}" REHEARSE_ORIGIN=127.0.0.1:$origin \
    "$dir/gateway.test" -test.run '^$' -test.bench "^Benchmark$name\$" -test.benchtime "$turns" -test.timeout 60m >"$raw.$name" 2>&1 ||
    { echo "$name could not be measured:" >&2; tail -n 5 "$raw.$name" >&2; }
  cat "$raw.$name" >>"$raw"
done
[ -z "${KEEP:-}" ] || cp "$raw" "$KEEP"

# The table: ratios to the floor, then what is told as it is.
awk '
  BEGIN { c = split("floor rehearse squid mitmproxy sslsplit", columns) }
  /^Benchmark/ {
    name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
    for (i = 3; i < NF; i += 2) {
      what = $(i + 1)
      if (what ~ /\/floor$/) { sub(/\/floor$/, "", what); note(name, what, $i) }
      else if (what ~ /-added-ms$/) { sub(/-added-ms$/, "", what); note("added ms to the first answer", what, $i) }
      else if (what ~ /-kB\/pair$/) { sub(/-kB\/pair$/, "", what); note("kB an idle pair", what, $i) }
    }
  }
  function note(row, column, value) {
    if (!(row in seen)) { rows[++r] = row; seen[row] = 1 }
    measured[column] = 1
    cell[row, column] = value
  }
  END {
    head = "|"; rule = "|---"
    for (j = 1; j <= c; j++) if (columns[j] in measured) { head = head " | " columns[j]; rule = rule "|---" }
    print head " |"; print rule "|"
    for (i = 1; i <= r; i++) {
      line = "| " rows[i]
      for (j = 1; j <= c; j++) if (columns[j] in measured)
        line = line " | " ((rows[i], columns[j]) in cell ? sprintf("%.2f", cell[rows[i], columns[j]]) : "1")
      print line " |"
    }
  }' "$raw"
