/** Whole programs: the guests of this project, and random mazes of jumps. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { assemble, formatError } from '../../src/asm/assembler.ts';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { nasm, ours } from './support.ts';

const PROGRAMS = fileURLToPath(new URL('../../programs/', import.meta.url));

describeWithTool('nasm', 'every guest program becomes the bytes that nasm makes of it', () => {
  for (const name of readdirSync(`${PROGRAMS}asm`).filter((file) => file.endsWith('.asm')))
    it(name, () => {
      const text = `bits 32\n${readFileSync(`${PROGRAMS}asm/${name}`, 'utf8')}`;
      const result = ours(text, 'bin', `${PROGRAMS}${name}`);
      expect(result.errors.map((error) => formatError(error))).toEqual([]);
      const theirs = nasm(text, PROGRAMS);
      expect(theirs.messages).not.toContain('error');
      expect(result.image).toEqual(theirs.bytes);
    });
});

/** Bytes of the section `name` of an ELF file, as binutils see it. */
function sectionBytes(file: string, name: string): string {
  const out = `${file}${name}`;
  const run = spawnSync('objcopy', ['-O', 'binary', '-j', name, file, out], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return readFileSync(out).toString('hex');
}

describeWithTool(['nasm', 'ld', 'objcopy'], 'every guest program is loaded as ld links it', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'vmft-ld-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const source = join(scratch, 'in.asm');
  const [object, linked, image] = ['in.o', 'in.elf', 'ours.elf'].map((n) => join(scratch, n));

  for (const name of readdirSync(`${PROGRAMS}asm`).filter((file) => file.endsWith('.asm')))
    it(name, () => {
      const text = `bits 32\n${readFileSync(`${PROGRAMS}asm/${name}`, 'utf8')}`;
      const result = ours(text, 'elf', `${PROGRAMS}${name}`);
      writeFileSync(image!, result.image);
      writeFileSync(source, text);
      const made = spawnSync('nasm', ['-f', 'elf32', '-o', object!, source], { cwd: PROGRAMS });
      expect(made.status).toBe(0);
      const bases = new Map(result.sections.map(({ name, base }) => [name, base]));
      const starts = [...bases].map(
        ([name, base]) => `--section-start=${name}=${base.toString(16)}`,
      );
      const link = ['-m', 'elf_i386', '-e', '0', ...starts, '-o', linked!, object!];
      expect(spawnSync('ld', link).status).toBe(0);
      for (const { name, kind } of result.sections)
        if (kind !== 'bss')
          expect(sectionBytes(image!, name) === sectionBytes(linked!, name), name).toBe(true);
    });
});

it('every file of programs/lib is part of a guest program', () => {
  const used = new Set<string>();
  for (const name of readdirSync(`${PROGRAMS}asm`)) {
    const text = readFileSync(`${PROGRAMS}asm/${name}`, 'utf8');
    const find = (path: string) => ({ name: path, text: readFileSync(PROGRAMS + path, 'utf8') });
    const resolve = (path: string) => {
      used.add(path);
      return find(path);
    };
    assemble({ file: name, text, resolve });
  }
  const lib = readdirSync(`${PROGRAMS}lib`).map((name) => `lib/${name}`);
  expect(lib.filter((path) => !used.has(path))).toEqual([]);
});

const LABELS = 12;
const label = fc.nat(LABELS - 1).map((n) => `L${n}`);
const distance = fc.tuple(label, label).map(([a, b]) => `${a} - ${b}`);

/** Lines whose size may depend on where labels end up. */
const line = fc.oneof(
  fc.tuple(fc.constantFrom('jmp', 'jz', 'jnc', 'jg', 'call'), label).map((p) => p.join(' ')),
  fc.nat(140).map((n) => `times ${n} nop`),
  fc.constantFrom('align 4', 'align 16', 'jmp $ + 100', 'jmp $ - 100', 'nop'),
  fc
    .tuple(fc.constantFrom('mov eax,', 'add ecx,', 'push', 'imul eax, ebx,', 'dd'), distance)
    .map((p) => p.join(' ')),
  distance.map((d) => `cmp dword [esi + ${d}], 5`),
  label.map((l) => `add eax, [${l} + ecx * 4]`),
  fc.nat(300).map((n) => `%if $ - $$ > ${n}\n db 1, 2, 3\n%endif`),
);

const maze = fc
  .array(fc.array(line, { maxLength: 5 }), { minLength: LABELS, maxLength: LABELS })
  .map((blocks) => blocks.map((lines, i) => [...lines, `L${i}:`].join('\n ')).join('\n '));

describeWithTool('nasm', 'sizes settle where nasm lets them settle', () => {
  it('in random mazes of jumps and distances', () => {
    fc.assert(
      fc.property(maze, (text) => {
        const source = `bits 32\n ${text}\n`;
        const theirs = nasm(source);
        const { image, errors } = ours(source);
        expect(errors.length === 0).toBe(theirs.bytes !== undefined);
        expect(image).toEqual(theirs.bytes ?? new Uint8Array(0));
      }),
      { numRuns: runs(120, 40) },
    );
  });
});
