#!/usr/bin/env bash
# Holds squid, mitmproxy and sslsplit, where they are installed, and this module's own
# interceptor to the scenarios that any interceptor should pass, and prints the table.
#
#     proxy/gateway/peers/against.sh            print it
#     proxy/gateway/peers/against.sh --readme   write it into the README, too
#
# Nothing is installed and nothing of the system is changed: interceptors that want
# redirected clients run in a network namespace of their own (unshare), which needs no
# root where users may make them. Takes two minutes.
set -euo pipefail
cd "$(dirname "$0")"
case "${1:-}" in
  "") what=print ;;
  --readme) what=readme ;;
  *) echo "usage: $0 [--readme]" >&2; exit 2 ;;
esac
REHEARSE_AGAINST=$what go test -count=1 -timeout 15m -run '^TestTable$' -v . | grep -v '^\(=== \|--- \|PASS\|ok \)'
