/** The configuration of a machine: its schema, its defaults, and what is said of a wrong one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { VmftError } from '../../src/base/errors.ts';
import { DEFAULT_TIMING } from '../../src/ft/config.ts';
import { readConfig } from '../../src/host/config-file.ts';
import { addressText, parseAddress } from '../../src/host/secure-socket.ts';
import { runs } from '../support/runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'vmft-config-'));
const file = join(folder, 'machine.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = `machine: kv-1
guest: { image: image }
key: key
arbiter: dir:arbiter
gateway: "[fd00::4]:7000"
hosts:
  - { name: alpha, address: alpha.example:7100 }
  - { name: beta, address: "[fd00::2]:7100", place: rack 2 }
`;

function read(text: string) {
  writeFileSync(file, text);
  return readConfig(file);
}

/** What is said of `text`, without the name of the file. */
function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(VmftError);
    const { code, message } = error as VmftError;
    expect([code, message.slice(0, file.length)]).toEqual(['input', file]);
    return message.slice(file.length + 1);
  }
  throw new Error('it was taken');
}

describe('a configuration', () => {
  it('is complete with little: the schema has the rest', () => {
    expect(read(SMALL)).toEqual({
      folder,
      machine: 'kv-1',
      guest: { image: join(folder, 'image'), memory: 16 << 20, append: '', strict: false },
      disks: [],
      publish: [],
      key: join(folder, 'key'),
      arbiter: { spec: `dir:${join(folder, 'arbiter')}` },
      hosts: [
        { name: 'alpha', place: 'alpha', address: { host: 'alpha.example', port: 7100 } },
        { name: 'beta', place: 'rack 2', address: { host: 'fd00::2', port: 7100 } },
      ],
      disk: { path: join(folder, 'disk.socket') },
      gateway: { host: 'fd00::4', port: 7000 },
      heartbeatMs: DEFAULT_TIMING.heartbeatNs / 1e6,
      failureTimeoutMs: DEFAULT_TIMING.failureTimeoutNs / 1e6,
      channelBytes: 4 << 20,
      uncertain: 'resend',
    });
  });

  it('takes sizes as numbers or as people write them', () => {
    const sized = SMALL.replace('image: image', 'image: image, memory: 64M');
    expect(read(`${sized}channelBytes: 4096\n`)).toMatchObject({
      guest: { memory: 64 << 20 },
      channelBytes: 4096,
    });
  });

  it.each([
    [
      'a misspelt field',
      SMALL.replace('key:', 'kay:'),
      '3:1: kay: unknown field; did you mean key?',
    ],
    ['a missing one', SMALL.replace('key: key\n', ''), '1:1: "key" is missing: the path of the'],
    [
      'a wrong address',
      SMALL.replace('alpha.example:7100', 'fd00::1:7100'),
      '7:20: hosts[0].address: expected HOST:PORT of its channel (TCP) and heartbeats (UDP), ' +
        'with brackets around an IPv6 address, got "fd00::1:7100"',
    ],
    [
      'a port out of range',
      SMALL.replace('"[fd00::4]:7000"', 'g:70000'),
      '5:1: gateway: "g:70000"',
    ],
    [
      'metrics beyond the last port',
      `${SMALL}metrics: 127.0.0.1:65532\n`,
      '9:1: metrics: 2 hosts need metrics ports up to 65536; begin at 65531 at most',
    ],
    ['a wrong kind', SMALL.replace('[fd00::4]:7000', ''), '5:1: gateway: expected where the'],
    ['a name twice', SMALL.replace('beta', 'alpha'), '8:7: hosts[1].name: alpha is there already'],
    ['no hosts', SMALL.replace(/hosts:[\s\S]*/, 'hosts: []\n'), '6:1: hosts: expected the list of'],
    [
      'an unknown arbiter',
      SMALL.replace('dir:arbiter', 'zookeeper'),
      '4:1: arbiter: expected dir:',
    ],
    [
      'a hasty timeout',
      `${SMALL}timing: { heartbeatMs: 600 }\n`,
      '9:1: timing.failureTimeoutMs: 200',
    ],
    ['a field twice', `${SMALL}key: other\n`, '9:1: Map keys must be unique'],
    ['no YAML', 'machine: [', '1:11: '],
    ['a list', '- 1\n', '1:1: expected all that the processes'],
    ['nothing', '', '1:1: expected all that the processes of a machine are told'],
    ['a binary file', '\u007fELF\u0001', '1:1: U+007F in it: expected a text, YAML or JSON'],
    [
      'a long text',
      `"${'abc\\n'.repeat(99)}"`,
      '1:1: expected all that the processes of a machine are told; paths are relative to the ' +
        `folder of the file, got "${'abc\\n'.repeat(15)}" …`,
    ],
    ['an alias of nothing', 'machine: *m\n', '1:1: Unresolved alias'],
  ])('is refused with place and remedy: %s', (_, text, words) => {
    expect(refusal(text).slice(0, words.length)).toBe(words);
  });

  it('is read or refused, whatever the file holds', () => {
    const lines = SMALL.split('\n');
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom('~', '{}', '[[]]', '!!x 1', '&a'),
    );
    const change = fc.tuple(fc.nat(lines.length - 1), fc.string({ maxLength: 8 }), value);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const text = [...lines];
        for (const [line, name, is] of changes) text[line] = `${name || 'key'}: ${is}`;
        try {
          read(text.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(VmftError);
        }
      }),
      { numRuns: runs(60) },
    );
  });
});

it('an address is a name, IPv4, IPv6 in brackets, or a path', () => {
  for (const text of ['alpha:1', '10.0.0.1:7100', '[::1]:65535', '[fe80::1%eth0]:7', 'unix:a b'])
    expect(addressText(parseAddress(text))).toBe(text);
  for (const text of ['', 'alpha', 'alpha:', ':7', '::1:7', 'alpha:0', 'alpha:65536', 'unix:'])
    expect(() => parseAddress(text)).toThrow(VmftError);
});
