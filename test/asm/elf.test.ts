/** An ELF image is what the board's loader, binutils and QEMU take for an executable. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_BYTES } from '../../src/base/limits.ts';
import { describeWithTool } from '../support/tools.ts';
import { ours } from './support.ts';

const HELLO = `
start:  mov esi, text
next:   lodsb
        test al, al
        jz .done
        mov dx, 0x3f8
        out dx, al
        inc dword [count]
        jmp next
.done:  mov al, [count]
        out 0xf4, al
        hlt
section .data
text:   db "hello, world", 10, 0
section .bss
count:  resd 1
`;

let directory: string;
let file: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmft-elf-'));
  file = join(directory, 'hello.elf');
  const { image, errors } = ours(HELLO, 'elf');
  expect(errors).toEqual([]);
  writeFileSync(file, image);
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('an image of a program that knows nothing of its loader', () => {
  it('begins at 1 MiB, or where org says', () => {
    expect(ours(HELLO, 'elf').origin).toBe(0x100000);
    expect(ours(`org 0x200000\n${HELLO}`, 'elf').entry).toBe(0x200000);
  });

  it('is entered at _start or start, else at the first byte of .text', () => {
    expect(ours(' nop\n_start: nop', 'elf').entry).toBe(0x100001);
    expect(ours(' nop\nstart: nop', 'elf').entry).toBe(0x100001);
    expect(ours(' nop\nbegin: nop', 'elf').entry).toBe(0x100000);
  });

  it('keeps what is written to off the pages of code', () => {
    const { symbols } = ours(HELLO, 'elf');
    const page = (name: string) =>
      Math.floor(symbols.find((symbol) => symbol.name === name)!.value / PAGE_BYTES);
    expect(page('text')).toBeGreaterThan(page('next.done'));
    expect(page('count')).toBeGreaterThan(page('next.done'));
  });

  it('knows every label by its full name', () => {
    const names = ours(HELLO, 'elf').symbols.map(({ name }) => name);
    expect(names).toEqual(['start', 'next', 'next.done', 'text', 'count']);
  });

  it('may have no data, no code, or nothing at all', () => {
    for (const text of ['', 'nop', 'section .data\n dd 1', 'section .bss\nx: resb 9', 'x:'])
      expect(ours(text, 'elf')).toMatchObject({ errors: [] });
  });
});

describeWithTool('readelf', 'readelf', () => {
  const readelf = (option: string): string => {
    const { stdout, stderr } = spawnSync('readelf', [option, '-W', file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout;
  };

  it('finds the PVH note with the entry, code to execute, data to write', () => {
    expect(readelf('-n')).toMatch(/Xen\s+0x00000004\s.*0x00000012.*00 00 10 00/s);
    const segments = readelf('-l');
    expect(segments).toMatch(/NOTE /);
    expect(segments).toMatch(/LOAD +0x001000 0x00100000 0x00100000 \S+ \S+ R E 0x1000/);
    expect(segments).toMatch(/LOAD +0x002000 0x00101000 0x00101000 0x0000e 0x00014 RW +0x1000/);
  });

  it('finds sections and symbols', () => {
    expect(readelf('-S')).toMatch(/\.text +PROGBITS +00100000.*\.bss +NOBITS +00101010/s);
    expect(readelf('-s')).toMatch(/00100005 .*GLOBAL .* next\n/);
    expect(readelf('-s')).toMatch(/LOCAL .* next\.done\n/);
  });

  it('has no complaint about anything', () => {
    expect(readelf('-a')).not.toMatch(/corrupt|no-strings|[Ww]arning/);
  });
});

describeWithTool('objdump', 'objdump', () => {
  it('disassembles it with its labels', () => {
    const { stdout, stderr } = spawnSync('objdump', ['-d', file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/<next\.done>:\n.*mov +0x101010,%al/);
  });
});

describeWithTool('qemu-system-i386', 'QEMU', () => {
  it('boots it: the console speaks, the exit port ends it', () => {
    const board = ['-M', 'microvm,acpi=off', '-m', '16', '-kernel', file, '-nodefaults'];
    const ends = ['-display', 'none', '-serial', 'stdio', '-no-reboot'];
    const exit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'];
    const run = spawnSync('qemu-system-i386', [...board, ...ends, ...exit], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(run.stdout).toBe('hello, world\n');
    expect(run.status).toBe((13 << 1) | 1);
  });
});
