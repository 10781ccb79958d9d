/**
 * Kernels in Bochs, the interpreter of x86 that others measure against: the image that vmft runs, in
 * a ROM that starts it (bochs/rom.asm) in place of a BIOS, with the console in a pipe.
 *
 * What counts is the time until the kernel's line has come, of many rounds less that of few, so that
 * Bochs's own start falls out.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, timed } from './measure.mjs';

/** What a run with Bochs needs; rfb is the one display that needs no screen. */
export const BOCHS_TOOLS = ['bochs-bin', 'nasm', 'mkfifo'];

const CONFIGURATION = `
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=rom.bin
vgaromimage: file=vga.bin
cpu: model=p3_katmai, count=1, ips=50000000
clock: sync=none
megs: 16
com1: enabled=1, mode=file, dev=console
log: log.txt
panic: action=fatal
error: action=ignore
info: action=ignore
`;
/** Debian's Bochs has its debugger built in, which waits for a command: go on. */
const COMMANDS = 'c\n';
/** The smallest ROM that counts as one: 512 bytes whose sum is 0. */
const VGA_ROM = Uint8Array.of(0x55, 0xaa, 1, ...new Uint8Array(509));
/** Waits for the line, then ends Bochs, which would let the halted processor sleep for ever. */
const SCRIPT = `
rm -f console && mkfifo console
bochs-bin -q -f bochsrc -rc commands </dev/null >bochs.txt 2>&1 &
head -n 1 console
kill -9 $!
`;

/** Runs a guest of programs/images in Bochs until its first line → that, and the wall time in ms. */
function runInBochs(folder, guest, words) {
  const image = `${root}/programs/images/${guest}.elf`;
  const defines = [`-DIMAGE="${image}"`, `-DWORDS="${words}"`];
  const rom = join(folder, 'rom.bin');
  run('nasm', ['-Werror', '-f', 'bin', ...defines, '-o', rom, `${root}/test/bench/bochs/rom.asm`]);
  let line = '';
  const ms = timed(() => {
    line = execFileSync('sh', ['-c', SCRIPT], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  });
  return { line, ms };
}

/** Writes what Bochs reads into an empty folder. */
export function prepareBochs(folder) {
  writeFileSync(join(folder, 'bochsrc'), CONFIGURATION);
  writeFileSync(join(folder, 'commands'), COMMANDS);
  writeFileSync(join(folder, 'vga.bin'), VGA_ROM);
}

/**
 * Million instructions a second of a kernel in Bochs. `few` and `many` are runs of vmft, {words,
 * console, instructions}: Bochs must print the same.
 */
export function bochsMips(folder, guest, few, many) {
  const [short, long] = [few, many].map(({ words, console }) => {
    const { line, ms } = runInBochs(folder, guest, words);
    if (line !== console)
      throw new Error(`${guest} ${words}: Bochs says "${line}", not "${console}"`);
    return ms;
  });
  return (many.instructions - few.instructions) / 1000 / (long - short);
}
