#!/bin/bash
# Five hosts and a switch on one computer, each a network namespace with an address of its own, for
# docs/deploy.md and its test. Needs root, and iproute2. Each host is plugged into the switch by one
# cable; to cut it is to unplug it: whoever is behind it hears nothing and nobody hears him.
#
#   host     alpha      beta       disk       gateway    client
#   address  10.77.0.1  10.77.0.2  10.77.0.3  10.77.0.4  10.77.0.5
#
# usage: namespaces.sh up PREFIX          makes PREFIX-alpha … PREFIX-client and PREFIX-switch
#        namespaces.sh cut PREFIX HOST    unplugs a host
#        namespaces.sh join PREFIX HOST   plugs it in again
#        namespaces.sh down PREFIX        takes everything away; what is not there is no error
# A program runs on a host by: ip netns exec PREFIX-HOST PROGRAM
set -euo pipefail

hosts=(alpha beta disk gateway client)
action=${1:?up, cut, join or down}
prefix=${2:?the prefix of the names}
switch=$prefix-switch

up() {
  trap down ERR
  ip netns add "$switch"
  ip -n "$switch" link add lan type bridge
  ip -n "$switch" link set lan up
  local number=0 host
  for host in "${hosts[@]}"; do
    number=$((number + 1))
    ip netns add "$prefix-$host"
    ip -n "$switch" link add "$host" type veth peer name eth0 netns "$prefix-$host"
    ip -n "$switch" link set "$host" master lan up
    ip -n "$prefix-$host" addr add "10.77.0.$number/24" dev eth0
    ip -n "$prefix-$host" link set eth0 up
    ip -n "$prefix-$host" link set lo up
  done
}

down() {
  local host
  for host in "${hosts[@]}" switch; do
    ip netns del "$prefix-$host" 2>/dev/null || true
  done
}

case $action in
  up) up ;;
  cut) ip -n "$switch" link set "${3:?a host}" down ;;
  join) ip -n "$switch" link set "${3:?a host}" up ;;
  down) down ;;
  *) echo "namespaces.sh: $action: up, cut, join or down" >&2; exit 2 ;;
esac
