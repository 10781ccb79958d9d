/** Captures: the format's own example, round trips, and what tcpdump makes of them. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import { HostStack } from '../../src/net/host-stack.ts';
import { PROTOCOL_TCP } from '../../src/net/ipv4.ts';
import { type CapturedFrame, pcapHeader, pcapRecord, readPcap } from '../../src/net/pcap.ts';
import { emitTcp, TCP_PSH, TCP_SYN } from '../../src/net/tcp.ts';
import { describeWithTool } from '../support/tools.ts';

const file = (frames: readonly CapturedFrame[]) =>
  Buffer.concat([pcapHeader(), ...frames.map(pcapRecord)]);

describe('a capture', () => {
  it('comes out as it went in, and cut anywhere is refused or a shorter one', () => {
    const timeNs = fc.bigInt({ min: 0n, max: 2n ** 32n * 1_000_000_000n - 1n });
    const frames = fc.array(fc.record({ timeNs, frame: fc.uint8Array({ maxLength: 60 }) }));
    const property = fc.property(frames, fc.nat(), (all, cut) => {
      const bytes = file(all);
      expect(readPcap(bytes)).toEqual(all);
      try {
        const some = readPcap(bytes.subarray(0, cut % (bytes.length + 1)));
        expect(some).toEqual(all.slice(0, some.length));
      } catch (error) {
        expect(error).toBeInstanceOf(BytesError);
      }
    });
    fc.assert(property);
  });
});

describeWithTool('tcpdump', 'a capture as tcpdump reads it', () => {
  it('has the frames, to the nanosecond', () => {
    const stack = new HostStack({ mac: '52:55:0a:00:02:02', ip: '10.0.2.2' });
    const segment = {
      sourcePort: 49_152,
      destinationPort: 80,
      sequence: 1,
      acknowledgement: 0,
      flags: TCP_SYN | TCP_PSH,
      window: 1000,
      payload: new TextEncoder().encode('hello'),
    };
    const tcp = emitTcp(segment, '10.0.2.2', '10.0.2.15');
    const [question] = stack.send('10.0.2.15', PROTOCOL_TCP, tcp);
    stack.state.neighbours['10.0.2.15'] = '52:54:00:12:34:56';
    const [packet] = stack.send('10.0.2.15', PROTOCOL_TCP, tcp);
    const input = file([
      { timeNs: 1_000_000_007n, frame: question! },
      { timeNs: 2_123_456_789n, frame: packet! },
    ]);
    const args = ['-r', '-', '-n', '-tt', '--nano'];
    const { stdout } = spawnSync('tcpdump', args, { input, encoding: 'utf8' });
    const [first, second] = stdout.split('\n');
    expect(first).toBe('1.000000007 ARP, Request who-has 10.0.2.15 tell 10.0.2.2, length 28');
    expect(second).toContain('2.123456789 IP 10.0.2.2.49152 > 10.0.2.15.80: Flags [SP], seq 1:6');
    expect(second).toContain('win 1000, length 5');
  });
});
