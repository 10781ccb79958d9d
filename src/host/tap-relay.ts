/**
 * One life of tap-relay.pl, the process that is attached to a TAP interface: frames to and from it,
 * and why it has ended, in words.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VmftError } from '../base/errors.ts';
import { FrameReader, writeFrame } from './framing.ts';

const PROGRAM = fileURLToPath(new URL('../../src/host/tap-relay.pl', import.meta.url));
/** The interfaces of the network namespace that this process is in, one a line. */
const INTERFACES = '/proc/self/net/dev';

/** A frame that the kernel hands out is not longer. */
const MAX_TAP_FRAME_BYTES = 65_536;
/** Bytes that wait for the relay, beyond which frames are lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What becomes of a relay and of what it brings. */
export interface TapRelayOptions {
  /** An interface that exists. */
  readonly name: string;
  readonly onFrame: (frame: Uint8Array) => void;
  /** It was attached and is not any more. */
  readonly onEnd: (why: VmftError) => void;
}

export class TapRelay {
  readonly #child: ChildProcessWithoutNullStreams;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
  }

  /** Settles when it is attached; VmftError 'environment' where that cannot be. */
  static async start({ name, onFrame, onEnd }: TapRelayOptions): Promise<TapRelay> {
    checkInterface(name);
    // Nothing of the environment that changes how perl treats bytes.
    const child = spawn('perl', [PROGRAM, name], { env: { PATH: process.env.PATH } });
    const reader = new FrameReader(MAX_TAP_FRAME_BYTES);
    let isAttached = false;
    let trouble = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      trouble += text;
    });
    // What was under way when it ended is lost, as on a wire.
    child.stdin.on('error', () => {});
    await new Promise<void>((attached, fail) => {
      child.stdout.on('data', (bytes: Buffer) => {
        for (const frame of reader.push(bytes)) {
          if (isAttached) onFrame(frame);
          isAttached = true;
        }
        if (isAttached) attached();
      });
      child.on('error', (error) => fail(startFailure(name, error)));
      child.on('close', () => {
        const why = failureOf(name, trouble.trim());
        if (isAttached) onEnd(why);
        else fail(why);
      });
    });
    return new TapRelay(child);
  }

  /** A frame for the interface → whether there was room for it. */
  send(frame: Uint8Array): boolean {
    const { stdin } = this.#child;
    if (!stdin.writable || stdin.writableLength > MAX_WAITING_BYTES) return false;
    writeFrame(stdin, frame);
    return true;
  }

  /** Ends it. */
  close(): void {
    this.#child.stdin.end();
  }
}

/** The error that an interface cannot be used, with what to do; NAME there is its name. */
const cannot = (name: string, reason: string, remedy: string): VmftError =>
  new VmftError(
    'environment',
    `TAP interface ${name}: ${reason}; ${remedy.replace(/NAME/g, name)}`,
  );

/** Attaching makes an interface that is not there, but without an address, and for a while only. */
function checkInterface(name: string): void {
  let text: string;
  try {
    text = readFileSync(INTERFACES, 'utf8');
  } catch {
    throw cannot(name, `there is no ${INTERFACES}`, 'TAP interfaces are a feature of Linux');
  }
  const names = text.split('\n').map((line) => line.split(':')[0]!.trim());
  if (!names.includes(name)) throw cannot(name, 'there is no such interface', `make it, ${MAKING}`);
}

/** How an interface is made that a user may attach to. */
const MAKING = 'as root: ip tuntap add dev NAME mode tap user USER; ip link set NAME up';

function startFailure(name: string, error: Error): VmftError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return cannot(name, 'there is no perl, which attaches to it', 'install it (perl-base)');
  return cannot(name, `perl cannot be started (${code})`, 'it attaches to the interface');
}

/** What the last words of a relay mean: the step that failed, and the error of the system. */
const MEANINGS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  'open ENOENT': ['there is no /dev/net/tun', 'load the module tun, or give the container it'],
  'open ENODEV': ['/dev/net/tun has no driver', 'load the module tun'],
  'open EACCES': ['/dev/net/tun may not be opened', 'be root, or be given the device'],
  'open EPERM': ['/dev/net/tun may not be opened', 'be root, or give the container the device'],
  'attach EPERM': ['it is somebody else’s', 'have CAP_NET_ADMIN, or make it for your user'],
  'attach EBUSY': ['another process is attached', 'end that process, or take another interface'],
  'attach EINVAL': ['it is no TAP interface', `make one, ${MAKING}`],
  'read EBADFD': ['it is gone', `make it again, ${MAKING}`],
};

function failureOf(name: string, words: string): VmftError {
  const meaning = MEANINGS[words];
  if (meaning) return cannot(name, ...meaning);
  return cannot(name, `its relay has ended (${words || 'killed'})`, 'attach anew');
}
