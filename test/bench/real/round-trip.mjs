/**
 * The round trip of the channel between two processes: frames of 200 bytes over TLS 1.3 on TCP, as
 * replicas connect, sent back by a process that does nothing else. `node round-trip.mjs` is that
 * process.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FrameReader, frameBytes } from '../../../dist/host/framing.js';
import { freePort } from '../../../dist/host/free-port.js';
import { connectSecure, listenSecure } from '../../../dist/host/secure-socket.js';
import { median } from '../measure.mjs';

const FRAME = new Uint8Array(200);
const MAX_BYTES = 1000;
/** What nobody notifies: to wait for it is to sleep. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

function onFrames(socket, take) {
  const reader = new FrameReader(MAX_BYTES);
  socket.on('data', (bytes) => {
    for (const frame of reader.push(bytes)) take(frame);
  });
}

/** The other end, and a connection to it. */
export class Echo {
  static async begin() {
    const echo = new Echo();
    const key = randomBytes(32);
    const port = await freePort();
    const args = [fileURLToPath(import.meta.url), String(port), key.toString('hex')];
    echo.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(echo.child.stdout, 'data');
    echo.socket = connectSecure({ host: '127.0.0.1', port }, key, 'bench');
    await once(echo.socket, 'secureConnect');
    return echo;
  }

  /**
   * The median of so many round trips in ms, each `pauseMs` after the last one: processes and cores
   * that have slept in between take longer to wake.
   */
  async measure(count, pauseMs = 0) {
    const times = [];
    await new Promise((done) => {
      let began = 0;
      const send = () => {
        began = performance.now();
        this.socket.write(frameBytes(FRAME));
      };
      this.socket.removeAllListeners('data');
      onFrames(this.socket, () => {
        times.push(performance.now() - began);
        if (times.length === count) return done();
        if (pauseMs > 0) Atomics.wait(NEVER, 0, 0, pauseMs);
        send();
      });
      send();
    });
    return median(times);
  }

  end() {
    this.child.kill();
    this.socket.destroy();
  }
}

const [, path, port, key] = process.argv;
if (path === fileURLToPath(import.meta.url)) {
  await listenSecure(
    { host: '127.0.0.1', port: Number(port) },
    {
      key: Buffer.from(key, 'hex'),
      onSocket: (socket) => onFrames(socket, (frame) => socket.write(frameBytes(frame))),
      onStranger: () => {},
    },
  );
  console.log('listens');
}
