/**
 * The fence of a machine's disks (protocol.md §4 rule 8): requests of a lower token are refused. It
 * only rises, and outlives the disk server: the file `fence` holds "vmft fence MACHINE TOKEN".
 */
import { VmftError } from '../base/errors.ts';
import type { Token } from '../ft/ports.ts';
import { readIfThere, writeDurably } from './durable-file.ts';

const LINE = /^vmft fence (\S+) (\d+)\n$/;

export class DiskFence {
  readonly #path: string;
  readonly #machine: string;
  #token: Token;

  /**
   * The fence in the file at `path`, 0 where there is none. VmftError 'input' for a file that is no
   * fence, or that of another machine: its disks may be in use by that.
   */
  constructor(path: string, machine: string) {
    this.#path = path;
    this.#machine = encodeURIComponent(machine);
    const text = readIfThere(path);
    const [, owner, token] =
      text === undefined ? ['', this.#machine, '0'] : (LINE.exec(text) ?? []);
    if (owner === undefined) throw new VmftError('input', `fence ${path}: it is damaged`);
    if (owner !== this.#machine) {
      throw new VmftError('input', `fence ${path}: it belongs to the machine ${owner}`);
    }
    this.#token = Number(token);
  }

  /** Where it stands. */
  get token(): Token {
    return this.#token;
  }

  /** Raises the fence to `token`, unless it is there or above; durable when this returns. */
  raise(token: Token): void {
    if (token <= this.#token) return;
    writeDurably(this.#path, `vmft fence ${this.#machine} ${token}\n`);
    this.#token = token;
  }
}
