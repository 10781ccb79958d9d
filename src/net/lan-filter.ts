/**
 * Which frames cross between a guest's wire and a LAN, as at the port of a bridge (IEEE 802.1D): to
 * the guest goes what is for it or for everybody, and what is between the port and its neighbour
 * alone crosses in neither direction.
 *
 * Where the user-mode gateway (gateway.ts) is on the guest's wire too, its addresses are its own:
 * what is said to it stays here, and a host of the LAN that has the same address is not heard, so
 * that one question of the guest never has two answers.
 *
 * Invariant: no frame crosses both ways. What goes to the LAN comes from the guest's MAC address,
 * and what comes from there does not.
 *
 * Known deviation: nothing is learned, for behind the port there is one guest, with one address.
 */
import { MAX_FRAME_BYTES } from '../base/limits.ts';
import type { Ipv4Address, MacAddress } from './address.ts';
import { parseArp } from './arp.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, type EthernetFrame, parseEthernet } from './ethernet.ts';
import { parseIpv4 } from './ipv4.ts';

/** Destinations that no bridge forwards: 01:80:c2:00:00:00 to 0f (IEEE 802.1D, table 7-10). */
const LINK_LOCAL = /^01:80:c2:00:00:0.$/;

/** Who is on the guest's side. */
export interface GuestSide {
  readonly guest: MacAddress;
  /** The user-mode gateway, if there is one. */
  readonly gateway?: { readonly mac: MacAddress; readonly ip: Ipv4Address };
}

/** Whether a frame of the LAN is for the guest. */
export function isForGuest(bytes: Uint8Array, { guest, gateway }: GuestSide): boolean {
  const frame = parseBounded(bytes);
  if (!frame) return false;
  const { source, destination } = frame;
  // A source that is the guest's comes back by a loop of the LAN, or from a twin.
  if (isGroup(source) || source === guest || source === gateway?.mac) return false;
  if (destination !== guest && (!isGroup(destination) || LINK_LOCAL.test(destination)))
    return false;
  return gateway === undefined || addressesOf(frame).sender !== gateway.ip;
}

/** Whether a frame of the guest is for the LAN. */
export function isForLan(bytes: Uint8Array, { guest, gateway }: GuestSide): boolean {
  const frame = parseBounded(bytes);
  if (frame?.source !== guest) return false;
  const { destination } = frame;
  if (destination === guest || LINK_LOCAL.test(destination)) return false;
  if (gateway === undefined) return true;
  return destination !== gateway.mac && addressesOf(frame).target !== gateway.ip;
}

/** A frame that fits on the guest's wire; a tag of a VLAN makes the longest ones too long. */
function parseBounded(bytes: Uint8Array): EthernetFrame | undefined {
  return bytes.length <= MAX_FRAME_BYTES ? parseEthernet(bytes) : undefined;
}

/** Whether an address is that of many, everybody's included: the lowest bit of its first byte. */
const isGroup = (mac: MacAddress): boolean => Number.parseInt(mac.slice(0, 2), 16) % 2 === 1;

/** Who says something to whom, by their IPv4 addresses, where a frame has them. */
function addressesOf({ etherType, payload }: EthernetFrame): {
  readonly sender?: Ipv4Address;
  readonly target?: Ipv4Address;
} {
  if (etherType === ETHERTYPE_ARP) {
    const arp = parseArp(payload);
    return arp ? { sender: arp.senderIp, target: arp.targetIp } : {};
  }
  const packet = etherType === ETHERTYPE_IPV4 ? parseIpv4(payload) : undefined;
  return packet ? { sender: packet.source, target: packet.destination } : {};
}
