/** The arbiter in a directory: real files, real contenders in processes of their own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArbiter, openArbiterAt } from '../../src/host/arbiter.ts';

const MODULE = fileURLToPath(new URL('../../dist/host/arbiter.js', import.meta.url));

/** A process that claims generations 1 … n under its own name and prints the answers. */
const CONTENDER = `
  const [spec, owner, last] = process.argv.slice(1);
  const { openArbiter } = await import(${JSON.stringify(MODULE)});
  const arbiter = openArbiter(spec, (trouble) => { throw new Error(trouble); });
  const answers = [];
  for (let generation = 1; generation <= Number(last); generation++)
    answers.push(await arbiter.claim({ machine: 'm', generation, owner }));
  console.log(answers.join(' '));
`;

let folder: string;
let troubles: string[];
const open = (path = folder) => openArbiter(`dir:${path}`, (trouble) => troubles.push(trouble));
const claimOf = (owner: string, generation = 1) => ({ machine: 'm', generation, owner });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmft-arbiter-'));
  troubles = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an arbiter in a directory', () => {
  it('grants a generation once, for good', async () => {
    const arbiter = open();
    expect(await arbiter.ownerOf('m', 1)).toEqual({ owner: undefined });
    expect(await arbiter.claim(claimOf('alpha.1'))).toBe('won');
    expect(await arbiter.claim(claimOf('beta.1'))).toBe('lost');
    expect(await arbiter.claim(claimOf('beta.1', 2))).toBe('won');
    expect(await arbiter.ownerOf('m', 1)).toEqual({ owner: 'alpha.1' });
    expect(await arbiter.ownerOf('m', 2)).toEqual({ owner: 'beta.1' });
    expect(troubles).toEqual([]);
  });

  it('tells a winner that asks again, in whatever process, that it has won', async () => {
    await open().claim(claimOf('alpha.1'));
    expect(await open().claim(claimOf('alpha.1'))).toBe('won');
    const arbiter = open();
    const again = await Promise.all(
      Array.from({ length: 20 }, () => arbiter.claim(claimOf('alpha.1'))),
    );
    expect(new Set(again)).toEqual(new Set(['won']));
  });

  it('has one winner for each generation among processes that claim at the same time', async () => {
    const generations = 40;
    const owners = Array.from({ length: 6 }, (_, i) => `host-${i}.1`);
    const answers = await Promise.all(
      owners.map(async (owner) => {
        const args = ['--input-type=module', '-e', CONTENDER];
        const contender = await promisify(execFile)(process.execPath, [
          ...args,
          `dir:${folder}`,
          owner,
          String(generations),
        ]);
        return contender.stdout.trim().split(' ');
      }),
    );
    for (let generation = 1; generation <= generations; generation++) {
      const winners = owners.filter((_, i) => answers[i]![generation - 1] === 'won');
      expect(winners, `generation ${generation}`).toHaveLength(1);
      expect(await open().ownerOf('m', generation)).toEqual({ owner: winners[0] });
    }
    expect(answers.flat().every((answer) => ['won', 'lost'].includes(answer))).toBe(true);
    expect(readdirSync(folder), 'drafts are left behind').toHaveLength(generations);
  });

  it('keeps machines apart, whatever they are called', async () => {
    const arbiter = open();
    const names = ['m', '../m', 'm.generation-1', 'ü/ \n', '%2F'];
    for (const machine of names) {
      expect(await arbiter.claim({ machine, generation: 1, owner: machine })).toBe('won');
    }
    for (const machine of names) {
      expect(await arbiter.ownerOf(machine, 1)).toEqual({ owner: machine });
    }
    expect(readdirSync(folder)).toHaveLength(names.length);
  });

  it('that is missing, a file system that is not mounted, is not made up for', async () => {
    const path = join(folder, 'mount');
    expect(await open(path).ownerOf('m', 1)).toBe('unknown');
    expect(await open(path).claim(claimOf('alpha.1'))).toBe('unknown');
    expect(existsSync(path)).toBe(false);
    expect(troubles).toHaveLength(2);
  });

  it('tells a trouble once, and again when it has been over', async () => {
    const path = join(folder, 'mount');
    const arbiter = open(path);
    for (let time = 0; time < 3; time++) await arbiter.claim(claimOf('alpha.1'));
    expect(troubles).toHaveLength(1);
    mkdirSync(path);
    expect(await arbiter.claim(claimOf('alpha.1'))).toBe('won');
    rmSync(path, { recursive: true });
    for (let time = 0; time < 3; time++) await arbiter.claim(claimOf('alpha.1', 2));
    expect(troubles).toHaveLength(2);
  });

  it('says "unknown" and why where it cannot be reached', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    expect(await open(path).claim(claimOf('alpha.1'))).toBe('unknown');
    expect(await open(path).ownerOf('m', 1)).toBe('unknown');
    expect(troubles).toEqual([
      `arbiter ${path}: a part of its path is not a directory`,
      `arbiter ${path}: a part of its path is not a directory`,
    ]);
  });

  it('keeps passwords off the command line, and refuses files that hold none', () => {
    const secret = () => openArbiter('etcd:http://root:secret@127.0.0.1:2379', () => undefined);
    expect(secret).toThrow(/^arbiter http:\/\/127.0.0.1:2379: no password in its address/);
    const user = join(folder, 'user');
    writeFileSync(user, 'root');
    const open = () => openArbiterAt({ spec: 'etcd:http://h:1', user }, () => undefined);
    expect(open).toThrow(`arbiter user: ${user} must hold NAME:PASSWORD in one line`);
  });

  it('refuses a specification that names no arbiter', () => {
    for (const spec of ['', 'dir:', '/tmp', 'etcd:', 'etcd:localhost', 'etcd:ftp://x', 'zk:x']) {
      expect(() => openArbiter(spec, () => undefined), spec).toThrow(/arbiter/);
    }
  });
});
