/**
 * How much is logged: bytes of an entry on average, with the bytes that came from outside (packets)
 * and the digests left out, which cost what they cost in any format.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable, root, VMFT, vmft } from './measure.mjs';

const REQUESTS = 200;

/** A UDP port that nobody uses at the moment. */
async function freePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Sends requests one after the other, each until it is answered (programs/README.md). */
async function ask(port, requests) {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const [id, request] of requests.entries()) {
    const send = () => socket.send(`#${id} ${request}`);
    const again = setInterval(send, 500);
    send();
    for (;;) {
      const [answer] = await once(socket, 'message');
      if (answer.toString().startsWith(`#${id} `)) break;
    }
    clearInterval(again);
  }
  socket.close();
}

async function recordServer(path) {
  const port = await freePort();
  const args = [VMFT, 'record', 'kv', '-o', path, '--publish', `${port}:7/udp`];
  const guest = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(guest.stdout, 'data');
  const requests = Array.from({ length: REQUESTS }, (_, n) =>
    n % 2 ? `get key${(n - 1) % 7}` : `set key${n % 7} ${n}`,
  );
  await ask(port, [...requests, 'quit']);
  await once(guest, 'close');
}

function measure(name, path) {
  const entries = vmft('log', path, '--jsonl').stdout.trim().split('\n').map(JSON.parse);
  const { kinds, total, end } = JSON.parse(vmft('log', path, '--stats', '--json').stdout);
  const digests = kinds.find(({ kind }) => kind === 'digest') ?? { entries: 0, bytes: 0 };
  const packets = entries.filter(({ input }) => input?.kind === 'packet');
  const outside = packets.reduce((sum, { input }) => sum + input.bytes.length / 2, 0);
  const count = total.entries - digests.entries;
  return [
    name,
    end.count,
    total.entries,
    packets.length,
    statSync(path).size,
    ((total.bytes - digests.bytes - outside) / count).toFixed(1),
  ];
}

/** Prints the table. */
export async function logSize() {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  try {
    const file = (name) => join(folder, `${name}.vmlog`);
    vmft('record', 'clock', '-o', file('clock'));
    vmft('record', 'dice', '-o', file('dice'));
    await recordServer(file('kv'));
    const head = ['guest', 'instructions', 'entries', 'packets', 'file bytes', 'bytes an entry'];
    const rows = [
      measure('clock', file('clock')),
      measure('dice', file('dice')),
      measure(`kv, ${REQUESTS} requests`, file('kv')),
    ];
    printTable('The log (packet data and digests aside; the file holds the image too)', [
      head,
      ...rows,
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
