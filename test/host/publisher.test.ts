/**
 * Published ports with real sockets at both ends: the guest is QEMU's user-mode network, whose TCP
 * we did not write, with servers of this machine behind it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Publisher } from '../../src/host/publisher.ts';
import { HOST_IP, OUR_IP, OUR_MAC, SlirpWire } from '../net/slirp.ts';
import { freePort } from '../support/ports.ts';
import { describeWithTool } from '../support/tools.ts';
import { until } from './support.ts';

const exec = promisify(execFile);
const MEGABYTE = new Prng(1).bytes(1_000_000);

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function collect(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describeWithTool(['qemu-system-i386', 'curl'], 'a published port', () => {
  let wire: SlirpWire;
  let publisher: Publisher;
  /** Frames for the guest that are lost from now on. */
  let toLose = 0;
  let framesOut = 0;
  const servers: Server[] = [];

  beforeAll(async () => {
    wire = await SlirpWire.start();
    publisher = new Publisher({
      deliver: (frame) => {
        if (toLose > 0) toLose--;
        else wire.transmit([frame]);
      },
      config: { mac: OUR_MAC, ip: OUR_IP, guest: HOST_IP },
    });
    wire.onFrame = (frame) => {
      framesOut++;
      publisher.receive(frame);
    };
  });
  afterAll(() => {
    publisher.close();
    wire.stop();
    for (const server of servers) server.close();
  });

  /** Publishes a TCP port of the "guest", which is the port of `server`. */
  async function publish(server: Server): Promise<number> {
    servers.push(server);
    const [guestPort, port] = [await listen(server), await freePort()];
    await publisher.publish({ host: '127.0.0.1', port, guestPort, protocol: 'tcp' });
    return port;
  }

  it('serves curl, up and down a megabyte', async () => {
    const server = createHttpServer((request, response) => {
      const hash = createHash('sha256');
      request.on('data', (part) => hash.update(part));
      request.on('end', () =>
        response.end(request.method === 'GET' ? MEGABYTE : hash.digest('hex')),
      );
    });
    const port = await publish(server);
    const url = `http://127.0.0.1:${port}/`;
    const options = { encoding: 'buffer', maxBuffer: 2e6 } as const;
    const { stdout: down } = await exec('curl', ['-sS', url], options);
    expect(down.equals(MEGABYTE)).toBe(true);
    const upload = exec('curl', ['-sS', '--data-binary', '@-', url]);
    upload.child.stdin!.end(MEGABYTE);
    const expected = createHash('sha256').update(MEGABYTE).digest('hex');
    expect((await upload).stdout).toBe(expected);
  });

  it('carries many connections at a time, each its own bytes', async () => {
    const port = await publish(createServer((socket) => void socket.pipe(socket)));
    const all = Array.from({ length: 20 }, (_, i) => new Prng(i).bytes(8000));
    const echoes = await Promise.all(
      all.map((bytes) => {
        const socket = connect(port, '127.0.0.1');
        socket.end(bytes);
        return collect(socket);
      }),
    );
    expect(echoes.every((echo, i) => echo.equals(all[i]!))).toBe(true);
  });

  it('sends lost bytes again soon, also after a silence', async () => {
    const socket = connect(await publish(createServer((end) => void end.pipe(end))), '127.0.0.1');
    socket.write('one');
    expect(String((await once(socket, 'data'))[0])).toBe('one');
    // Now the next sign of life is what is waited for, which is half a minute away.
    await new Promise((done) => setTimeout(done, 400));
    toLose = 1;
    socket.write('two');
    expect(String((await once(socket, 'data'))[0])).toBe('two');
    socket.end();
    await once(socket, 'close');
  }, 15_000);

  it('gives a client that sends no more all the rest', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('end', () => socket.end(MEGABYTE));
    });
    const socket = connect({ port: await publish(server), host: '127.0.0.1', allowHalfOpen: true });
    socket.end('go');
    expect((await collect(socket)).equals(MEGABYTE)).toBe(true);
  });

  it('resets a client where nobody listens, within a second', async () => {
    const [port, guestPort] = [await freePort(), await freePort()];
    await publisher.publish({ host: '127.0.0.1', port, guestPort, protocol: 'tcp' });
    const socket = connect(port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it('tells the guest of a client that is gone', async () => {
    const server = createServer();
    const socket = connect(await publish(server), '127.0.0.1');
    socket.write('x');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    await once(accepted, 'data');
    socket.resetAndDestroy();
    accepted.on('error', () => {});
    await once(accepted, 'close');
  });

  it('tells a client of a guest that gave up', async () => {
    const server = createServer();
    const socket = connect(await publish(server), '127.0.0.1');
    socket.write('x');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    await once(accepted, 'data');
    accepted.resetAndDestroy();
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it('does not pile up what a client does not read', async () => {
    let sent = 0;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      const more = (): void => {
        while (sent < 50e6 && socket.write(MEGABYTE)) sent += MEGABYTE.length;
      };
      socket.on('drain', more);
      more();
    });
    const before = framesOut;
    const socket = connect(await publish(server), '127.0.0.1');
    await until('the guest sends', () => framesOut - before > 10);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const frames = framesOut - before;
    // Buffers of the kernel at both ends of the client's connection, and one of the gateway.
    expect(frames).toBeLessThan(20_000);
    socket.destroy();
  });

  it('passes datagrams, and the answers to who asked', async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('message', (bytes, from) => server.send(`got ${bytes}`, from.port, from.address));
    const port = await freePort();
    const guestPort = server.address().port;
    await publisher.publish({ host: '127.0.0.1', port, guestPort, protocol: 'udp' });
    const clients = ['a', 'b'].map((name) => {
      const client = createSocket('udp4');
      client.send(name, port, '127.0.0.1');
      return once(client, 'message').finally(() => client.close());
    });
    const answers = await Promise.all(clients);
    expect(answers.map(([bytes]) => String(bytes))).toEqual(['got a', 'got b']);
    server.close();
  });

  it('says which port is in use, and what to do', async () => {
    const server = createServer();
    servers.push(server);
    const spec = { host: '127.0.0.1', port: await listen(server), guestPort: 80 };
    await expect(publisher.publish({ ...spec, protocol: 'tcp' })).rejects.toThrow(
      `cannot listen on TCP 127.0.0.1:${spec.port}: the port is in use; publish at another`,
    );
  });
});
