/** Ethernet, ARP, IPv4, ICMP and UDP: known packets, round trips, and survival of any bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/digest.ts';
import { emitArp, parseArp } from '../../src/net/arp.ts';
import { checksum, onesSum } from '../../src/net/checksum.ts';
import { emitEthernet, parseEthernet } from '../../src/net/ethernet.ts';
import { emitIcmp, parseIcmp } from '../../src/net/icmp.ts';
import { emitIpv4, isFragment, parseIpv4 } from '../../src/net/ipv4.ts';
import { emitUdp, parseUdp } from '../../src/net/udp.ts';
import { runs } from '../support/runs.ts';
import { anyBytes, ip, mac, options, payload, u8, u16 } from './arbitraries.ts';

const hex = (text: string) => fromHex(text.replaceAll(' ', ''));
const SOURCE = '192.168.1.1';
const DESTINATION = '192.168.1.2';

/** Whatever is emitted is parsed as the same value. */
function roundTrips<T>(values: fc.Arbitrary<T>, through: (value: T) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(through(value)).toEqual(value);
    }),
  );
}

describe('the internet checksum', () => {
  it('is the one of the example in RFC 1071', () => {
    expect(onesSum(hex('0001 f203 f4f5 f6f7'))).toBe(0xddf2);
    expect(checksum(hex('0001 f203 f4f5 f6f7'))).toBe(0x220d);
  });

  it('pads an odd last byte with zero', () => {
    expect(onesSum(hex('0102 03'))).toBe(onesSum(hex('0102 0300')));
  });
});

describe('Ethernet', () => {
  it('round-trips frames', () => {
    const frame = fc.record({ destination: mac, source: mac, etherType: u16, payload });
    roundTrips(frame, (f) => parseEthernet(emitEthernet(f)));
  });

  it('emits again what it parsed, or refuses it', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const frame = parseEthernet(bytes);
        expect(frame ? toHex(emitEthernet(frame)) : bytes.length < 14).toBe(
          frame ? toHex(bytes) : true,
        );
      }),
    );
  });
});

describe('ARP', () => {
  const request = hex('0001 0800 06 04 0001 111213141516 21222324 313233343536 41424344');

  it('reads and writes a known request', () => {
    const packet = parseArp(request)!;
    expect(packet).toEqual({
      operation: 'request',
      senderMac: '11:12:13:14:15:16',
      senderIp: '33.34.35.36',
      targetMac: '31:32:33:34:35:36',
      targetIp: '65.66.67.68',
    });
    expect(emitArp(packet)).toEqual(request);
  });

  it('round-trips packets', () => {
    const operation = fc.constantFrom('request' as const, 'reply' as const);
    const record = { operation, senderMac: mac, senderIp: ip, targetMac: mac, targetIp: ip };
    roundTrips(fc.record(record), (p) => parseArp(emitArp(p)));
  });

  it('refuses other kinds of addresses, other operations and short packets', () => {
    for (const [offset, value] of [[1, 6] as const, [4, 8] as const, [7, 3] as const])
      expect(parseArp(request.with(offset, value))).toBeUndefined();
    expect(parseArp(request.subarray(0, 27))).toBeUndefined();
  });
});

describe('IPv4', () => {
  const known = hex('4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7');

  it('reads and writes a known header', () => {
    const bytes = new Uint8Array(0x73);
    bytes.set(known);
    const packet = parseIpv4(bytes)!;
    expect(packet).toMatchObject({
      source: '192.168.0.1',
      destination: '192.168.0.199',
      protocol: 17,
      timeToLive: 64,
      fragment: 0x4000,
    });
    expect(isFragment(packet)).toBe(false);
    expect(emitIpv4(packet)).toEqual(bytes);
  });

  const packet = fc.record({
    source: ip,
    destination: ip,
    protocol: u8,
    timeToLive: u8,
    service: u8,
    identification: u16,
    fragment: u16,
    options,
    payload,
  });

  it('round-trips packets, whatever padding follows', () => {
    fc.assert(
      fc.property(packet, fc.uint8Array({ maxLength: 40 }), (p, padding) => {
        const bytes = emitIpv4(p);
        const padded = new Uint8Array(bytes.length + padding.length);
        padded.set(bytes);
        padded.set(padding, bytes.length);
        expect(parseIpv4(padded)).toEqual(p);
      }),
    );
  });

  it('refuses a header with a flipped bit, and a packet cut short', () => {
    fc.assert(
      fc.property(packet, fc.nat(159), fc.nat(), (p, bit, cut) => {
        const bytes = emitIpv4(p);
        const flipped = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
        expect(parseIpv4(flipped)).toBeUndefined();
        expect(parseIpv4(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
    );
  });
});

describe('ICMP', () => {
  const echo = hex('0800 8efe 1234 abcd aa00 00ff');

  it('reads and writes a known echo request', () => {
    const message = parseIcmp(echo)!;
    const data = hex('aa0000ff');
    expect(message).toEqual({ kind: 'echo-request', identifier: 0x1234, sequence: 0xabcd, data });
    expect(emitIcmp(message)).toEqual(echo);
  });

  it('round-trips messages', () => {
    const kind = fc.constantFrom('echo-request' as const, 'echo-reply' as const);
    const message = fc.oneof(
      fc.record({ kind, identifier: u16, sequence: u16, data: payload }),
      fc.record({ kind: fc.constant('unreachable' as const), code: u8, original: payload }),
    );
    roundTrips(message, (m) => parseIcmp(emitIcmp(m)));
  });
});

describe('UDP', () => {
  const known = hex('bf00 0035 000c 124d aa00 00ff');

  it('reads and writes a known datagram', () => {
    const datagram = parseUdp(known, SOURCE, DESTINATION)!;
    expect(datagram).toEqual({
      sourcePort: 48896,
      destinationPort: 53,
      payload: hex('aa0000ff'),
    });
    expect(emitUdp(datagram, SOURCE, DESTINATION)).toEqual(known);
  });

  const datagram = fc.record({ sourcePort: u16, destinationPort: u16, payload });

  it('round-trips datagrams', () => {
    fc.assert(
      fc.property(datagram, ip, ip, (d, from, to) => {
        expect(parseUdp(emitUdp(d, from, to), from, to)).toEqual(d);
      }),
    );
  });

  it('refuses a flipped bit and other addresses, and takes a datagram without checksum', () => {
    fc.assert(
      fc.property(datagram, fc.nat(), (d, n) => {
        const bytes = emitUdp(d, SOURCE, DESTINATION);
        const bit = n % (8 * bytes.length);
        const flipped = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
        const damaged = bit >> 3 !== 6 && bit >> 3 !== 7;
        if (damaged) expect(parseUdp(flipped, SOURCE, DESTINATION)).toBeUndefined();
        expect(parseUdp(bytes, SOURCE, '192.168.1.3')).toBeUndefined();
        expect(parseUdp(bytes.with(6, 0).with(7, 0), SOURCE, DESTINATION)).toEqual(d);
      }),
    );
  });
});

describe('any bytes', () => {
  it('throw nothing', () => {
    const start = fc.constantFrom('', '45', '450000', '0001080006040001', '0800', '0300');
    const bytes = fc.tuple(start, anyBytes).map(([head, rest]) => {
      return new Uint8Array([...fromHex(head), ...rest]);
    });
    fc.assert(
      fc.property(bytes, (b) => {
        for (const parse of [parseEthernet, parseArp, parseIpv4, parseIcmp]) parse(b);
        parseUdp(b, SOURCE, DESTINATION);
      }),
      { numRuns: runs(2000) },
    );
  });
});
