/** TCP segments: a known one, round trips, and survival of any bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/digest.ts';
import { emitTcp, parseTcp, segmentLength } from '../../src/net/tcp.ts';
import { anyBytes, ip, payload, u16, u32 } from './arbitraries.ts';

const SOURCE = '192.168.1.1';
const DESTINATION = '192.168.1.2';
const KNOWN = fromHex('bf00005001234567' + '89abcdef60350123' + '01b6020103030c01' + 'aa0000ff');

const segment = fc.record(
  {
    sourcePort: u16,
    destinationPort: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: fc.integer({ min: 0, max: 0x1f }),
    window: u16,
    maxSegment: u16,
    payload,
  },
  {
    requiredKeys: [
      'sourcePort',
      'destinationPort',
      'sequence',
      'acknowledgement',
      'flags',
      'window',
      'payload',
    ],
  },
);

describe('TCP segments', () => {
  it('are read from known bytes, with unknown options skipped', () => {
    expect(parseTcp(KNOWN, SOURCE, DESTINATION)).toEqual({
      sourcePort: 48896,
      destinationPort: 80,
      sequence: 0x01234567,
      acknowledgement: 0x89abcdef,
      flags: 0x15,
      window: 0x0123,
      payload: fromHex('aa0000ff'),
    });
  });

  it('round-trip', () => {
    fc.assert(
      fc.property(segment, ip, ip, (s, from, to) => {
        expect(parseTcp(emitTcp(s, from, to), from, to)).toEqual(s);
      }),
    );
  });

  it('are refused with a flipped bit or for other addresses', () => {
    fc.assert(
      fc.property(segment, fc.nat(), (s, n) => {
        const bytes = emitTcp(s, SOURCE, DESTINATION);
        const bit = n % (8 * bytes.length);
        const flipped = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
        expect(parseTcp(flipped, SOURCE, DESTINATION)).toBeUndefined();
        expect(parseTcp(bytes, SOURCE, '192.168.1.3')).toBeUndefined();
      }),
    );
  });

  it('throw nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        parseTcp(bytes, SOURCE, DESTINATION);
      }),
    );
  });

  it('count SYN and FIN as one number each', () => {
    expect(segmentLength(parseTcp(KNOWN, SOURCE, DESTINATION)!)).toBe(5);
  });
});
