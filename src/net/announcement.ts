/**
 * How a station makes itself known to the switches of a LAN, which learn behind which port it is
 * from the source of what it sends: a request by reverse ARP (RFC 903), which nobody answers.
 * A hypervisor sends it for a machine that has come to another place.
 */
import { BROADCAST_MAC, type MacAddress } from './address.ts';
import { emitArp } from './arp.ts';
import { emitEthernet } from './ethernet.ts';

const ETHERTYPE_RARP = 0x8035;
const REVERSE_REQUEST = 3;
const UNKNOWN_IP = '0.0.0.0';

/** The frame, to everybody, that says where `station` is. */
export function announcement(station: MacAddress): Uint8Array {
  const payload = emitArp({
    operation: 'request',
    senderMac: station,
    senderIp: UNKNOWN_IP,
    targetMac: station,
    targetIp: UNKNOWN_IP,
  });
  payload[7] = REVERSE_REQUEST;
  const [destination, etherType] = [BROADCAST_MAC, ETHERTYPE_RARP];
  return emitEthernet({ destination, source: station, etherType, payload });
}
