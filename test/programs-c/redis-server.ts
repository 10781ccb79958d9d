/** The real redis-server, started for a test at a socket in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, parseAnswers } from './resp.ts';

export class RedisServer {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #directory: string;

  private constructor(process: ChildProcess, socket: Socket, directory: string) {
    this.#process = process;
    this.#socket = socket;
    this.#directory = directory;
  }

  static async start(): Promise<RedisServer> {
    const directory = mkdtempSync(join(tmpdir(), 'vmft-redis-'));
    const path = join(directory, 'socket');
    const files = ['--dir', directory, '--save', '', '--daemonize', 'no'];
    const args = ['--port', '0', '--unixsocket', path, ...files];
    const process = spawn('redis-server', args, { stdio: 'ignore' });
    while (!existsSync(path) && process.exitCode === null) await sleep(10);
    const socket = createConnection(path);
    await once(socket, 'connect');
    return new RedisServer(process, socket, directory);
  }

  /** Sends requests and waits for as many answers. */
  async ask(requests: readonly Buffer[]): Promise<Answer[]> {
    // What the server answers to this shows that all answers before it are there.
    const last = '*2\r\n$4\r\nECHO\r\n$9\r\n~the~end~\r\n';
    const end = '$9\r\n~the~end~\r\n';
    this.#socket.write(Buffer.concat([...requests, Buffer.from(last)]));
    let bytes = Buffer.alloc(0);
    while (!bytes.toString('latin1').endsWith(end)) {
      const [more] = (await once(this.#socket, 'data')) as [Buffer];
      bytes = Buffer.concat([bytes, more]);
    }
    return parseAnswers(bytes.subarray(0, bytes.length - end.length));
  }

  stop(): void {
    this.#socket.destroy();
    this.#process.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true });
  }
}
