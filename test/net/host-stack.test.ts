/** A host on the wire: ARP both ways, ping, datagrams, bounded waiting, forks. */
import { describe, expect, it } from 'vitest';
import { isIpv4, isMac } from '../../src/net/address.ts';
import { parseArp } from '../../src/net/arp.ts';
import { parseEthernet } from '../../src/net/ethernet.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import { emitIcmp, parseIcmp } from '../../src/net/icmp.ts';
import { PROTOCOL_ICMP } from '../../src/net/ipv4.ts';

const ALICE = { mac: '02:00:00:00:00:01', ip: '10.0.2.1' };
const BOB = { mac: '02:00:00:00:00:02', ip: '10.0.2.2' };
const datagram = (text: string) => ({
  sourcePort: 5000,
  destinationPort: 7,
  payload: new TextEncoder().encode(text),
});

/** Carries frames between two hosts until there are none → the packets that came out, by host. */
function exchange(from: HostStack, to: HostStack, frames: Uint8Array[]) {
  const delivered: { at: HostStack; text: string }[] = [];
  const queue = frames.map((bytes) => ({ bytes, at: to }));
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { frames: answers, packet } = next.at.receive(next.bytes);
    const other = next.at === to ? from : to;
    queue.push(...answers.map((bytes) => ({ bytes, at: other })));
    const udp = packet && udpOf(packet);
    if (udp) delivered.push({ at: next.at, text: new TextDecoder().decode(udp.payload) });
  }
  return delivered;
}

describe('addresses', () => {
  it('have one form', () => {
    expect(isIpv4('10.0.2.15')).toBe(true);
    for (const text of ['10.0.2', '10.0.2.256', '10.0.2.015', '10.0.2.x', '10.0.2.', ''])
      expect(isIpv4(text), text).toBe(false);
    expect(isMac('52:54:00:12:34:56')).toBe(true);
    for (const text of [
      '52:54:00:12:34',
      '52:54:00:12:34:5G',
      '52-54-00-12-34-56',
      'AA:54:00:12:34:56',
    ])
      expect(isMac(text), text).toBe(false);
  });
});

describe('a host', () => {
  it('asks for an unknown neighbour by ARP, to everybody, before it sends', () => {
    const alice = new HostStack(ALICE);
    const [question, ...rest] = alice.sendUdp(BOB.ip, datagram('hello'));
    expect(rest).toEqual([]);
    const frame = parseEthernet(question!)!;
    expect(frame.destination).toBe('ff:ff:ff:ff:ff:ff');
    expect(parseArp(frame.payload)).toMatchObject({ operation: 'request', targetIp: BOB.ip });
  });

  it('delivers what waited for the answer, in order, and later packets at once', () => {
    const alice = new HostStack(ALICE);
    const bob = new HostStack(BOB);
    const frames = ['one', 'two'].flatMap((text) => alice.sendUdp(BOB.ip, datagram(text)));
    expect(exchange(alice, bob, frames)).toEqual([
      { at: bob, text: 'one' },
      { at: bob, text: 'two' },
    ]);
    expect(alice.state.waiting).toEqual([]);
    const [frame] = alice.sendUdp(BOB.ip, datagram('three'));
    expect(parseEthernet(frame!)!.destination).toBe(BOB.mac);
    // Bob has learned Alice's address from her question.
    expect(parseEthernet(bob.sendUdp(ALICE.ip, datagram('four'))[0]!)!.destination).toBe(ALICE.mac);
  });

  it('keeps the latest sixteen packets for a neighbour that does not answer', () => {
    const alice = new HostStack(ALICE);
    for (let i = 0; i < 20; i++) alice.sendUdp(BOB.ip, datagram(`${i}`));
    expect(alice.state.waiting).toHaveLength(16);
    const bob = new HostStack(BOB);
    const delivered = exchange(alice, bob, alice.sendUdp(BOB.ip, datagram('20')));
    expect(delivered.map(({ text }) => Number(text))).toEqual(
      [...Array(16).keys()].map((i) => i + 5),
    );
  });

  it('answers a ping with the same data', () => {
    const alice = new HostStack(ALICE);
    const bob = new HostStack(BOB);
    exchange(alice, bob, alice.sendUdp(BOB.ip, datagram('hello')));
    const ping = { identifier: 1, sequence: 2, data: new Uint8Array([3, 4]) };
    const bytes = emitIcmp({ kind: 'echo-request', ...ping });
    const [frame] = alice.send(BOB.ip, PROTOCOL_ICMP, bytes);
    const { frames, packet } = bob.receive(frame!);
    expect(packet).toBeUndefined();
    const back = alice.receive(frames[0]!).packet!;
    expect(parseIcmp(back.payload)).toEqual({ kind: 'echo-reply', ...ping });
  });

  it('ignores frames, packets and questions for others, and damaged ones', () => {
    const alice = new HostStack(ALICE);
    const bob = new HostStack(BOB);
    exchange(alice, bob, alice.sendUdp(BOB.ip, datagram('hello')));
    const [frame] = alice.sendUdp(BOB.ip, datagram('hello'));
    expect(new HostStack({ ...BOB, mac: '02:00:00:00:00:03' }).receive(frame!)).toEqual({
      frames: [],
    });
    expect(new HostStack({ ...BOB, ip: '10.0.2.3' }).receive(frame!)).toEqual({ frames: [] });
    const [question] = alice.sendUdp('10.0.2.9', datagram('hello'));
    expect(bob.receive(question!)).toEqual({ frames: [] });
    for (let i = 0; i < frame!.length; i++) {
      expect(() => bob.receive(frame!.subarray(0, i))).not.toThrow();
      bob.receive(frame!.with(i, frame![i]! ^ 0x55));
    }
  });

  it('goes on from a copy of its state as the original would', () => {
    const alice = new HostStack(ALICE);
    const bob = new HostStack(BOB);
    exchange(alice, bob, alice.sendUdp(BOB.ip, datagram('hello')));
    const fork = new HostStack(structuredClone(alice.state));
    expect(fork.sendUdp(BOB.ip, datagram('x'))).toEqual(alice.sendUdp(BOB.ip, datagram('x')));
  });
});
