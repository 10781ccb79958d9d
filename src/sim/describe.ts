/** Outputs in the words of those who receive them, for traces and evidence. */
import { describeOutput } from '../hypervisor/divergence.ts';
import type { Output } from '../machine/output.ts';
import { parseArp } from '../net/arp.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, parseEthernet } from '../net/ethernet.ts';
import { udpOf } from '../net/host-stack.ts';
import { parseIpv4 } from '../net/ipv4.ts';

const MAX_TEXT = 40;

/**
 * An output in a few words: `datagram "#alice.1 11"`, `console "ready"`, `disk write 3 of sector
 * 8`.
 */
export function describeSent(output: Output): string {
  if (output.kind === 'frame') return describeFrame(output.bytes) ?? describeOutput(output);
  if (output.kind === 'console') return `console ${quote(output.bytes)}`;
  return describeOutput(output);
}

function describeFrame(bytes: Uint8Array): string | undefined {
  const frame = parseEthernet(bytes);
  if (frame?.etherType === ETHERTYPE_ARP) {
    const arp = parseArp(frame.payload);
    return arp && `ARP ${arp.operation} of ${arp.senderIp}`;
  }
  const payload = datagramOf(bytes);
  return payload && `datagram ${quote(payload)}`;
}

function datagramOf(bytes: Uint8Array): Uint8Array | undefined {
  const frame = parseEthernet(bytes);
  const packet = frame?.etherType === ETHERTYPE_IPV4 ? parseIpv4(frame.payload) : undefined;
  return packet && udpOf(packet)?.payload;
}

/** The text of the UDP datagram in a frame; undefined if it holds none. */
export function datagramText(bytes: Uint8Array): string | undefined {
  const payload = datagramOf(bytes);
  return payload && new TextDecoder().decode(payload);
}

function quote(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return JSON.stringify(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}
