/** The examples of docs/formats.md are what the code writes, and its tables name what it knows. */
import { createHmac, hkdfSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { encodeGatewayMessage } from '../../src/ft/gateway-messages.ts';
import { encodeMessage } from '../../src/ft/messages.ts';
import { encodeAnswer, encodeGreeting } from '../../src/host/channel-greeting.ts';
import { encodeDiskMessage } from '../../src/host/disk-messages.ts';
import { frameBytes } from '../../src/host/framing.ts';
import { Heartbeats } from '../../src/host/heartbeats.ts';

const page = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('hex').replace(/..\B/g, '$& ');

const request = { id: 5, disk: 0, op: 'read', sector: 300, sectors: 8 } as const;
const beat = encodeMessage({ kind: 'heartbeat', generation: 1, machine: 'm', token: 2 });

/** What the page shows, in its order. */
const EXAMPLES: readonly (readonly [string, Uint8Array])[] = [
  ['a frame that holds the bytes 01 02', frameBytes(Uint8Array.of(1, 2))],
  [
    'greeting of `a` to `b`, machine `m`, digest `00ff`, generation 1',
    encodeGreeting({ machine: 'm', from: 'a', to: 'b', configuration: '00ff', generation: 1 }),
  ],
  ['answer: welcome', encodeAnswer(undefined)],
  ['answer: not welcome, `no`', encodeAnswer('no')],
  ['message: heartbeat of machine `m`, generation 1, token 2', beat],
  [
    'disk: hello of host `a`, machine `m`',
    encodeDiskMessage({ kind: 'hello', version: 1, machine: 'm', host: 'a' }),
  ],
  ['disk: fence at token 300', encodeDiskMessage({ kind: 'fence', token: 300 })],
  [
    'disk: request 5 with token 3, to read 8 sectors from sector 300 of disk 0',
    encodeDiskMessage({ kind: 'request', token: 3, local: false, request }),
  ],
  [
    'disk: request 5 has failed',
    encodeDiskMessage({ kind: 'done', id: 5, ok: false, local: false }),
  ],
  [
    'gateway: hello of process `a.1`, machine `m`',
    encodeGatewayMessage({ kind: 'hello', machine: 'm', owner: 'a.1' }),
  ],
  ['gateway: token 3 speaks for the machine', encodeGatewayMessage({ kind: 'announce', token: 3 })],
];

it('every example of the page is made by the code', () => {
  const rows = EXAMPLES.map(([what, bytes]) => `| ${what} | \`${hex(bytes)}\` |`);
  expect(page.slice(page.indexOf('### Examples'))).toContain(`|---|---|\n${rows.join('\n')}\n`);
});

it('a heartbeat is, byte by byte, what the page says', async () => {
  const wire = createSocket('udp4').bind(0, '127.0.0.1');
  await once(wire, 'listening');
  const key = new Uint8Array(32).fill(7);
  const hosts = [
    { name: 'a', place: 'a', address: { host: '127.0.0.1', port: 0 } },
    {
      name: 'b',
      place: 'b',
      address: { host: '127.0.0.1', port: (wire.address() as AddressInfo).port },
    },
  ];
  const heartbeats = await Heartbeats.open({
    key,
    host: 'a',
    hosts,
    life: 300,
    onHeartbeat: () => {},
    onRefused: () => {},
  });
  const arrival = once(wire, 'message');
  heartbeats.send('b', beat);
  const [datagram] = (await arrival) as [Buffer];
  heartbeats.close();
  wire.close();
  const length = Buffer.from([beat.length]);
  const body = Buffer.concat([Buffer.from('\x01a\x01b\xac\x02\x00', 'latin1'), length, beat]);
  const secret = Buffer.from(hkdfSync('sha256', key, '', 'vmft heartbeat', 32));
  const mac = createHmac('sha256', secret).update(body).digest();
  expect(hex(datagram)).toBe(hex(Buffer.concat([body, mac])));
});
