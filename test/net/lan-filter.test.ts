/** What crosses between a guest's wire and a LAN: addresses one by one, and whole conversations. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../../src/base/limits.ts';
import { BROADCAST_MAC, GUEST_MAC } from '../../src/net/address.ts';
import { emitEthernet } from '../../src/net/ethernet.ts';
import { GATEWAY_DEFAULTS } from '../../src/net/gateway.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import { type GuestSide, isForGuest, isForLan } from '../../src/net/lan-filter.ts';
import { anyBytes } from './arbitraries.ts';

const NEIGHBOUR = '02:00:00:00:00:01';
const GATEWAY = { mac: GATEWAY_DEFAULTS.mac, ip: GATEWAY_DEFAULTS.ip };
const ALONE: GuestSide = { guest: GUEST_MAC };
const WITH_GATEWAY: GuestSide = { guest: GUEST_MAC, gateway: GATEWAY };

/** A frame of no protocol that the filter knows. */
const frame = (source: string, destination: string, bytes = 60) =>
  emitEthernet({ source, destination, etherType: 0x88b5, payload: new Uint8Array(bytes - 14) });

describe('from the LAN to the guest', () => {
  it.each([
    ['for the guest', NEIGHBOUR, GUEST_MAC, true],
    ['for everybody', NEIGHBOUR, BROADCAST_MAC, true],
    ['for a group of IPv4', NEIGHBOUR, '01:00:5e:00:00:fb', true],
    ['for a group of IPv6', NEIGHBOUR, '33:33:00:00:00:01', true],
    ['for another station', NEIGHBOUR, '02:00:00:00:00:02', false],
    ['for the gateway of the guest’s wire', NEIGHBOUR, GATEWAY.mac, false],
    ['of a bridge to its neighbour', NEIGHBOUR, '01:80:c2:00:00:00', false],
    ['of a switch about its link', NEIGHBOUR, '01:80:c2:00:00:0e', false],
    ['for the group behind those', NEIGHBOUR, '01:80:c2:00:00:10', true],
    ['that the guest has sent itself', GUEST_MAC, BROADCAST_MAC, false],
    ['of a sender that is a group', '03:00:00:00:00:01', GUEST_MAC, false],
  ])('a frame %s', (_, source, destination, crosses) => {
    for (const side of [ALONE, WITH_GATEWAY])
      expect(isForGuest(frame(source, destination), side)).toBe(crosses);
  });

  it('a frame with the address of the gateway does not cross where there is one', () => {
    const bytes = frame(GATEWAY.mac, GUEST_MAC);
    expect([isForGuest(bytes, ALONE), isForGuest(bytes, WITH_GATEWAY)]).toEqual([true, false]);
  });
});

describe('from the guest to the LAN', () => {
  it.each([
    ['for a station', GUEST_MAC, NEIGHBOUR, true],
    ['for everybody', GUEST_MAC, BROADCAST_MAC, true],
    ['for a group', GUEST_MAC, '33:33:00:00:00:01', true],
    ['for the guest itself', GUEST_MAC, GUEST_MAC, false],
    ['of a bridge to its neighbour', GUEST_MAC, '01:80:c2:00:00:00', false],
    ['with somebody else’s address', NEIGHBOUR, BROADCAST_MAC, false],
  ])('a frame %s', (_, source, destination, crosses) => {
    for (const side of [ALONE, WITH_GATEWAY])
      expect(isForLan(frame(source, destination), side)).toBe(crosses);
  });

  it('a frame for the gateway does not cross where there is one', () => {
    const bytes = frame(GUEST_MAC, GATEWAY.mac);
    expect([isForLan(bytes, ALONE), isForLan(bytes, WITH_GATEWAY)]).toEqual([true, false]);
  });
});

describe('whatever the frame', () => {
  const stations = fc.constantFrom(GUEST_MAC, GATEWAY.mac, NEIGHBOUR, BROADCAST_MAC);
  const sizes = fc.integer({ min: 14, max: 2 * MAX_FRAME_BYTES });

  it('none crosses both ways, and none that does not fit on the guest’s wire', () => {
    const frames = fc.oneof(
      anyBytes,
      fc.tuple(stations, stations, sizes).map((a) => frame(...a)),
    );
    fc.assert(
      fc.property(frames, fc.constantFrom(ALONE, WITH_GATEWAY), (bytes, side) => {
        const [toGuest, toLan] = [isForGuest(bytes, side), isForLan(bytes, side)];
        expect(toGuest && toLan).toBe(false);
        if (bytes.length < 14 || bytes.length > MAX_FRAME_BYTES)
          expect(toGuest || toLan).toBe(false);
      }),
    );
  });
});

/** A guest whose wire leads to a LAN with two hosts, and to the gateway if there is one. */
class Lan {
  readonly guest = new HostStack({ mac: GUEST_MAC, ip: GATEWAY_DEFAULTS.guest });
  readonly gateway = new HostStack(GATEWAY);
  readonly neighbour = new HostStack({ mac: NEIGHBOUR, ip: '10.0.2.3' });
  /** A host that has taken the gateway's address. */
  readonly twin = new HostStack({ mac: '02:00:00:00:00:02', ip: GATEWAY.ip });
  readonly #side: GuestSide;

  constructor(side: GuestSide) {
    this.#side = side;
  }

  /** Where a frame of `from` arrives. */
  #reach(from: HostStack, bytes: Uint8Array): HostStack[] {
    const lan = [this.neighbour, this.twin].filter((host) => host !== from);
    const here = this.#side.gateway ? [this.gateway] : [];
    if (from === this.guest) return [...here, ...(isForLan(bytes, this.#side) ? lan : [])];
    if (from === this.gateway) return [this.guest];
    return [...lan, ...(isForGuest(bytes, this.#side) ? [this.guest] : [])];
  }

  /** Who gets a datagram that one host sends to the address of another. */
  send(from: HostStack, to: HostStack): HostStack[] {
    const datagram = { sourcePort: 7, destinationPort: 7, payload: new Uint8Array(1) };
    const sent = from.sendUdp(to.state.ip, datagram);
    const queue = sent.map((bytes) => ({ bytes, from }));
    const delivered: HostStack[] = [];
    for (let next = queue.shift(); next; next = queue.shift()) {
      for (const at of this.#reach(next.from, next.bytes)) {
        const { frames, packet } = at.receive(next.bytes);
        queue.push(...frames.map((bytes) => ({ bytes, from: at })));
        if (packet && udpOf(packet)) delivered.push(at);
      }
    }
    return delivered;
  }
}

describe('a host of the LAN that has the gateway’s address', () => {
  it('does not exist for the guest where there is a gateway', () => {
    const lan = new Lan(WITH_GATEWAY);
    expect(lan.send(lan.guest, lan.gateway)).toEqual([lan.gateway]);
    expect(lan.send(lan.gateway, lan.guest)).toEqual([lan.guest]);
    expect(lan.send(lan.twin, lan.guest)).toEqual([]);
    expect(lan.guest.state.neighbours).toEqual({ [GATEWAY.ip]: GATEWAY.mac });
    expect(lan.send(lan.guest, lan.neighbour)).toEqual([lan.neighbour]);
    expect(lan.send(lan.neighbour, lan.guest)).toEqual([lan.guest]);
    expect(lan.send(lan.neighbour, lan.twin)).toEqual([lan.twin]);
  });

  it('is a host as any other where there is none', () => {
    const lan = new Lan(ALONE);
    expect(lan.send(lan.guest, lan.twin)).toEqual([lan.twin]);
    expect(lan.send(lan.twin, lan.guest)).toEqual([lan.guest]);
    expect(lan.send(lan.guest, lan.neighbour)).toEqual([lan.neighbour]);
  });
});
