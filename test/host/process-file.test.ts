/** Marks of processes: who reads one while it is written finds the one before, whole. */
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAlive, readMark, writeMark } from '../../src/host/process-file.ts';

it('a mark is replaced as a whole, and nothing else is left', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-mark-'));
  const path = join(folder, 'alpha.pid');
  writeMark(path, process.pid);
  const first = readMark(path)!;
  expect(first.pid).toBe(process.pid);
  expect(isAlive(first)).toBe(true);
  const reader = openSync(path, 'r');
  writeMark(path, process.ppid);
  expect(JSON.parse(readFileSync(reader, 'utf8'))).toEqual(first);
  closeSync(reader);
  expect(readMark(path)!.pid).toBe(process.ppid);
  expect(readdirSync(folder)).toEqual(['alpha.pid']);
  rmSync(folder, { recursive: true });
});
