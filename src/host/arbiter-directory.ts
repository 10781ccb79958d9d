/**
 * An arbiter in a directory that all members can reach: on one computer any directory, on several a
 * file system that they share. It must be there: a mount that is missing must not be made up for by
 * a directory of its name, in which every member would win.
 *
 * A register is a file, named after machine and generation, that holds the owner's name. It is
 * written under a name of its own, made durable, and linked to its place: link(2) fails where the
 * place is taken, so one of many contenders succeeds. rename(2) would let all of them succeed.
 *
 * Over NFS a link may succeed and its answer be lost; that is why the number of links of the draft
 * decides, and the register is read back.
 */
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '../ft/ports.ts';
import type { Arbiter, ClaimAnswer, OwnerAnswer } from './arbiter.ts';
import { Troubles } from './arbiter-troubles.ts';
import { reasonOf } from './files.ts';

/** Registers as files. */
export class DirectoryArbiter implements Arbiter {
  readonly #path: string;
  readonly #troubles: Troubles;
  #attempts = 0;

  constructor(path: string, report: (trouble: string) => void) {
    this.#path = path;
    this.#troubles = new Troubles(report);
  }

  async claim({ machine, generation, owner }: Claim): Promise<ClaimAnswer> {
    const register = this.#register(machine, generation);
    // A name of its own for each attempt: a draft that has been linked is the register itself.
    const draft = `${register}.${encodeURIComponent(owner)}.${this.#attempts++}.draft`;
    try {
      await writeDurably(draft, owner);
      try {
        await setRegister(draft, register);
        await syncDirectory(this.#path);
        return this.#known((await readFile(register, 'utf8')) === owner ? 'won' : 'lost');
      } finally {
        await rm(draft, { force: true });
      }
    } catch (error) {
      return this.#unknown(error);
    }
  }

  async ownerOf(machine: string, generation: number): Promise<OwnerAnswer> {
    try {
      // A directory that is missing altogether is out of reach, not empty.
      await stat(this.#path);
      const owner = await readFile(this.#register(machine, generation), 'utf8');
      return this.#known({ owner });
    } catch (error) {
      const missing =
        (error as NodeJS.ErrnoException).path !== this.#path && isCode(error, 'ENOENT');
      return missing ? this.#known({ owner: undefined }) : this.#unknown(error);
    }
  }

  close(): void {
    // Calls of the file system cannot be ended; they end by themselves.
  }

  #register(machine: string, generation: number): string {
    return join(this.#path, `${encodeURIComponent(machine)}.generation-${generation}`);
  }

  #known<Answer>(answer: Answer): Answer {
    this.#troubles.end();
    return answer;
  }

  #unknown(error: unknown): 'unknown' {
    this.#troubles.tell(`arbiter ${this.#path}: ${reasonOf(error)}`);
    return 'unknown';
  }
}

const isCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

/** The test-and-set. Returns where the register is set, by whomever. */
async function setRegister(draft: string, register: string): Promise<void> {
  try {
    await link(draft, register);
  } catch (error) {
    const { nlink } = await stat(draft);
    if (nlink !== 2 && !isCode(error, 'EEXIST')) throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a directory durable: a register must not be forgotten by a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
