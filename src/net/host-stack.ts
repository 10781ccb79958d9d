/**
 * One host on the guest's wire: puts IPv4 packets into Ethernet frames, finds out MAC addresses by
 * ARP, answers ARP and ping. Simulated clients and the gateway sit on it; it does no I/O, knows no
 * time and sets no timers: who is not answered sends again, and every sending to an unknown
 * neighbour asks anew.
 */
import { BROADCAST_MAC, type Ipv4Address, type MacAddress, ZERO_MAC } from './address.ts';
import { type ArpPacket, emitArp, parseArp } from './arp.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, emitEthernet, parseEthernet } from './ethernet.ts';
import { emitIcmp, parseIcmp } from './icmp.ts';
import {
  emitIpv4,
  IPV4_DEFAULTS,
  type Ipv4Packet,
  isFragment,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseIpv4,
} from './ipv4.ts';
import { emitUdp, parseUdp, type UdpDatagram } from './udp.ts';

/**
 * Packets that wait for the MAC address of their neighbours; the oldest is dropped for the 17th.
 */
const MAX_WAITING = 16;

/** All that a host remembers. Plain data: a copy of it makes a fork of the host. */
export interface HostStackState {
  readonly mac: MacAddress;
  readonly ip: Ipv4Address;
  /** MAC addresses by IPv4 address, as learned from ARP. */
  readonly neighbours: Record<Ipv4Address, MacAddress>;
  /** IPv4 packets, as bytes, that wait for an entry in `neighbours`. */
  readonly waiting: { readonly destination: Ipv4Address; readonly packet: Uint8Array }[];
}

/** What a frame brought. */
export interface Received {
  /** Frames to send now: an ARP or ping reply, packets that had waited. */
  readonly frames: Uint8Array[];
  /** A packet for this host that is for somebody above: neither a ping nor a fragment. */
  readonly packet?: Ipv4Packet;
}

export class HostStack {
  readonly state: HostStackState;

  /** A host that knows nobody yet, or one that goes on from `state`. */
  constructor(state: { readonly mac: MacAddress; readonly ip: Ipv4Address } | HostStackState) {
    this.state = { neighbours: {}, waiting: [], ...state };
  }

  /**
   * Frames that carry `payload` to `destination`: one with the packet, or a question for the MAC
   * address; then the packet follows out of `receive` when the answer is there.
   */
  send(destination: Ipv4Address, protocol: number, payload: Uint8Array): Uint8Array[] {
    const source = this.state.ip;
    const packet = emitIpv4({ ...IPV4_DEFAULTS, source, destination, protocol, payload });
    const mac = this.state.neighbours[destination];
    if (mac !== undefined) return [this.#frame(mac, ETHERTYPE_IPV4, packet)];
    const { waiting } = this.state;
    if (waiting.length === MAX_WAITING) waiting.shift();
    waiting.push({ destination, packet });
    return [this.#arp('request', BROADCAST_MAC, ZERO_MAC, destination)];
  }

  /** Frames that carry a datagram to `destination`; see `send`. */
  sendUdp(destination: Ipv4Address, datagram: UdpDatagram): Uint8Array[] {
    const bytes = emitUdp(datagram, this.state.ip, destination);
    return this.send(destination, PROTOCOL_UDP, bytes);
  }

  /** Takes a frame from the wire. What is malformed or for others is dropped. */
  receive(bytes: Uint8Array): Received {
    const frame = parseEthernet(bytes);
    if (!frame) return { frames: [] };
    if (frame.destination !== this.state.mac && frame.destination !== BROADCAST_MAC)
      return { frames: [] };
    if (frame.etherType === ETHERTYPE_ARP) {
      const arp = parseArp(frame.payload);
      return { frames: arp ? this.#receiveArp(arp) : [] };
    }
    const packet = frame.etherType === ETHERTYPE_IPV4 ? parseIpv4(frame.payload) : undefined;
    if (packet?.destination !== this.state.ip || isFragment(packet)) return { frames: [] };
    if (packet.protocol !== PROTOCOL_ICMP) return { frames: [], packet };
    const message = parseIcmp(packet.payload);
    if (message?.kind !== 'echo-request') return { frames: [], packet };
    const reply = emitIcmp({ ...message, kind: 'echo-reply' });
    return { frames: this.send(packet.source, PROTOCOL_ICMP, reply) };
  }

  #receiveArp(arp: ArpPacket): Uint8Array[] {
    const { ip, neighbours, waiting } = this.state;
    if (arp.targetIp !== ip && neighbours[arp.senderIp] === undefined) return [];
    neighbours[arp.senderIp] = arp.senderMac;
    const frames: Uint8Array[] = [];
    if (arp.operation === 'request' && arp.targetIp === ip)
      frames.push(this.#arp('reply', arp.senderMac, arp.senderMac, arp.senderIp));
    for (const { packet } of waiting.filter((each) => each.destination === arp.senderIp))
      frames.push(this.#frame(arp.senderMac, ETHERTYPE_IPV4, packet));
    waiting.splice(
      0,
      waiting.length,
      ...waiting.filter((each) => each.destination !== arp.senderIp),
    );
    return frames;
  }

  #arp(
    operation: ArpPacket['operation'],
    to: MacAddress,
    targetMac: MacAddress,
    targetIp: Ipv4Address,
  ): Uint8Array {
    const { mac, ip } = this.state;
    const packet = { operation, senderMac: mac, senderIp: ip, targetMac, targetIp };
    return this.#frame(to, ETHERTYPE_ARP, emitArp(packet));
  }

  #frame(destination: MacAddress, etherType: number, payload: Uint8Array): Uint8Array {
    return emitEthernet({ destination, source: this.state.mac, etherType, payload });
  }
}

/** The datagram that an IPv4 packet carries; undefined if it carries none, or a damaged one. */
export function udpOf(packet: Ipv4Packet): UdpDatagram | undefined {
  if (packet.protocol !== PROTOCOL_UDP) return undefined;
  return parseUdp(packet.payload, packet.source, packet.destination);
}
