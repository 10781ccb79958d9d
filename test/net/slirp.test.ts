/** Our stack against QEMU's: ping, connections both ways, refusals. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { emitIcmp, parseIcmp } from '../../src/net/icmp.ts';
import { PROTOCOL_ICMP } from '../../src/net/ipv4.ts';
import { TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import { freePort } from '../support/ports.ts';
import { describeWithTool } from '../support/tools.ts';
import { HOST_IP, SlirpHost } from './slirp.ts';

const LENGTH = 1_000_000;

/** Returns to the sender what arrives, and closes after it. */
function echo(end: TcpEndpoint): void {
  if (end.writable > 0) end.send(end.read(end.writable));
  if (end.atEnd) end.close();
}

async function listen(onConnection: (socket: Socket) => void): Promise<[Server, number]> {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as { port: number }).port];
}

async function collect(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describeWithTool('qemu-system-i386', "our stack and QEMU's", () => {
  let host: SlirpHost;
  let published: number;
  beforeAll(async () => {
    published = await freePort();
    host = await SlirpHost.start(published);
  });
  afterAll(() => host.stop());

  it('agree on ping', async () => {
    const data = new Uint8Array([1, 2, 3]);
    const ping = emitIcmp({ kind: 'echo-request', identifier: 6, sequence: 1, data });
    host.transmit(host.stack.send(HOST_IP, PROTOCOL_ICMP, ping));
    await host.until(() => host.others.length > 0);
    const reply = { kind: 'echo-reply', identifier: 6, data };
    expect(parseIcmp(host.others[0]!.payload)).toMatchObject(reply);
  });

  it('carry a megabyte there and back on a connection that the other side opened', async () => {
    host.work = echo;
    const bytes = Buffer.from(new Prng(1).bytes(LENGTH));
    const socket = connect(published, '127.0.0.1');
    socket.end(bytes);
    expect((await collect(socket)).equals(bytes)).toBe(true);
    await host.until(() => host.end?.phase === 'closed' || host.end?.phase === 'time-wait');
    expect(host.end!.failure).toBeUndefined();
  });

  it('carry a megabyte there and back on a connection that we opened', async () => {
    const [server, port] = await listen((socket) => socket.pipe(socket));
    const bytes = new Prng(2).bytes(LENGTH);
    const got: Uint8Array[] = [];
    let sent = 0;
    host.work = (end) => {
      sent += end.send(bytes.subarray(sent));
      if (sent === LENGTH) end.close();
      if (end.readable > 0) got.push(end.read());
    };
    host.end = TcpEndpoint.connect({ localPort: 40_000, remotePort: port }, 77);
    await host.until(() => host.end!.atEnd);
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    await host.until(() => host.end!.phase === 'time-wait');
    server.close();
  });

  it('say so when nobody listens', async () => {
    const port = await freePort();
    host.work = () => {};
    host.end = TcpEndpoint.connect({ localPort: 40_001, remotePort: port }, 78);
    await host.until(() => host.end!.phase === 'closed');
    expect(host.end.failure).toBe('refused');
  });

  it('end a connection that we abort with a reset', async () => {
    host.work = (end) => {
      if (end.readable > 0) end.abort();
    };
    const socket = connect(published, '127.0.0.1');
    socket.write('hello');
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    socket.resume();
    await closed;
    expect(host.end!.failure).toBe('aborted');
  });
});
