/**
 * Guests on QEMU's microvm board: the machine that we did not write (machine.md). Sources are
 * assembled by nasm and laid out by ld, so that nothing here depends on our own assembler.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CatalogueDevice, PROGRAMS } from '../support/catalogue.ts';
import { freePort } from '../support/ports.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const LIMIT_MS = 90_000;
const GUEST_PORT = 7;

function runTool(tool: string, args: string[]): void {
  const done = spawnSync(tool, args, { encoding: 'utf8', cwd: PROGRAMS });
  if (done.status !== 0) throw new Error(`${tool} ${args.join(' ')}:\n${done.stderr}`);
}

/**
 * Assembles `file` (a path below programs/) into an ELF executable at `output`; `includes` is one
 * more folder for %include.
 */
export function buildWithNasm(file: string, output: string, includes = PROGRAMS): void {
  const before = ['-P', `${HERE}/pvh.asm`, '-i', `${includes}/`];
  runTool('nasm', ['-Werror', '-f', 'elf32', ...before, '-o', `${output}.o`, file]);
  runTool('ld', ['-m', 'elf_i386', '-T', `${HERE}/pvh.ld`, '-o', output, `${output}.o`]);
}

function deviceArguments(
  device: CatalogueDevice,
  slot: number,
  disk: string,
  forwards: readonly string[],
) {
  const at = `bus=virtio-mmio-bus.${slot}`;
  switch (device.kind) {
    case 'net': {
      const net = ['user', 'id=n', ...forwards].join(',');
      return ['-netdev', net, '-device', `virtio-net-device,netdev=n,${at}`];
    }
    case 'block': {
      const drive = `id=d,file=${disk},format=raw,if=none`;
      return ['-drive', drive, '-device', `virtio-blk-device,drive=d,${at}`];
    }
    case 'entropy':
      return [
        ...['-object', `rng-builtin,id=r${slot}`],
        ...['-device', `virtio-rng-device,rng=r${slot},${at}`],
      ];
  }
}

/** A guest that runs; `disk` is the image file of its one disk. */
export class QemuGuest {
  /** What the console has shown so far. */
  console = '';
  /** The end of what QEMU itself has said. */
  #complaints = '';
  /** Where the guest's TCP port is reached, if one is forwarded. */
  readonly tcpPort: number;
  readonly #process: ChildProcess;
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;
  /** Settles when QEMU has ended and all that it has said is here. */
  readonly #closed: Promise<unknown>;
  /** Settles the promise of `shows` that waits, if one does. */
  #wake = () => {};

  private constructor(process: ChildProcess, port: number, tcpPort: number) {
    this.#process = process;
    this.#port = port;
    this.tcpPort = tcpPort;
    this.#timer = setTimeout(() => process.kill('SIGKILL'), LIMIT_MS);
    process.stdout!.on('data', (bytes: Buffer) => {
      this.console += bytes.toString('latin1');
      this.#wake();
    });
    process.stderr!.on('data', (bytes: Buffer) => {
      this.#complaints = `${this.#complaints}${bytes}`.slice(-1000);
    });
    process.on('exit', () => this.#wake());
    this.#closed = once(process, 'close');
  }

  /** Starts a guest; `guestTcpPort` is a port of its own to be reached at `tcpPort`. */
  static async start(
    elf: string,
    commandLine: string,
    devices: readonly CatalogueDevice[],
    disk: string,
    more: readonly string[] = [],
    guestTcpPort?: number,
  ): Promise<QemuGuest> {
    const port = await freePort();
    const tcpPort = await freePort();
    const forwards = [`hostfwd=udp:127.0.0.1:${port}-:${GUEST_PORT}`];
    if (guestTcpPort !== undefined)
      forwards.push(`hostfwd=tcp:127.0.0.1:${tcpPort}-:${guestTcpPort}`);
    const board = 'microvm,acpi=off -global virtio-mmio.force-legacy=false -m 16 -no-reboot';
    const rest = '-nodefaults -display none -serial stdio';
    const exit = '-device isa-debug-exit,iobase=0xf4,iosize=4';
    const args = `-M ${board} ${rest} ${exit}`.split(' ');
    args.push('-kernel', elf, '-append', commandLine);
    devices.forEach((device, slot) => {
      args.push(...deviceArguments(device, slot, disk, forwards));
    });
    args.push(...more);
    const process = spawn('qemu-system-i386', args, { stdio: 'pipe' });
    return new QemuGuest(process, port, tcpPort);
  }

  /** Waits until the console has shown `text`, or the guest has ended. */
  async shows(text: string): Promise<void> {
    while (!this.console.includes(text) && this.#process.exitCode === null)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** Types at the console. */
  type(text: string): void {
    this.#process.stdin!.write(text, 'latin1');
  }

  /** Sends a datagram to the guest and waits for one from it. */
  async request(text: string): Promise<string> {
    this.#socket.send(text, this.#port, '127.0.0.1');
    const signal = AbortSignal.timeout(LIMIT_MS);
    const [reply] = (await once(this.#socket, 'message', { signal })) as [Buffer];
    return reply.toString('latin1');
  }

  /** Waits for the guest's end → the status that it gave, or 'reset' after a triple fault. */
  async ending(): Promise<number | 'reset'> {
    await this.#closed;
    clearTimeout(this.#timer);
    this.#socket.close();
    const code = this.#process.exitCode;
    if (code === 0) return 'reset';
    if (code === null || code % 2 === 0)
      throw new Error(`QEMU ended with ${code}, not the guest:\n${this.#complaints}`);
    return code >> 1;
  }

  /** As {@link ending}, for a guest that ends by itself. */
  async end(): Promise<number> {
    const status = await this.ending();
    if (status === 'reset') throw new Error('QEMU ended by itself, not the guest');
    return status;
  }

  /** Ends QEMU, whatever the guest does. */
  kill(): void {
    clearTimeout(this.#timer);
    this.#process.kill('SIGKILL');
  }
}
