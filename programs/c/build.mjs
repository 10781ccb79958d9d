/**
 * Builds the guests in C: `npm run programs`, or
 *
 *     node programs/c/build.mjs [--output DIRECTORY] [--native DIRECTORY]
 *
 * Each guests/NAME.c, all of guests/NAME/ together, and each kernels/NAME.c become NAME.elf in the
 * output directory (programs/images by default), beside built-by.json, which says with what they
 * were built. With --native the kernels' object files are also linked into programs for 32-bit
 * Linux. No time, path or random number gets into an image: the same tools give the same bytes.
 * Needs gcc that can do -m32 (for --native its 32-bit C library too) and GNU ld and ar.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Linked into every guest; the rest of lib/ is an archive, from which a guest takes what it uses. */
const START = 'lib/start.s';
/** The harnesses; every other file of kernels/ is a kernel. */
const HARNESSES = ['kernels/guest.c', 'kernels/native.c'];

const WARNINGS = ['-Wall', '-Wextra', '-Werror'];
/** Code of the 486: no x87, no SSE, addresses fixed at link time; nothing a C library would do. */
const COMPILE = [
  ...'-std=c17 -m32 -march=i486 -mtune=generic -mno-80387 -O2 -ffreestanding -fno-pic'.split(' '),
  ...'-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables'.split(' '),
  ...'-fno-ident -fno-strict-aliasing -fno-tree-loop-distribute-patterns'.split(' '),
  ...WARNINGS,
];
const LINK = '-m elf_i386 -T lib/guest.ld -nostdlib --build-id=none --fatal-warnings'.split(' ');
const NATIVE = ['-std=gnu17', '-m32', '-O2', '-fno-pic', '-no-pie', ...WARNINGS];

/** Runs a tool here, so that no path of this computer reaches its output → what it printed. */
function tool(name, args) {
  const done = spawnSync(name, args, {
    cwd: HERE,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (done.error) throw new Error(`${name} cannot be started: ${done.error.message}; install it`);
  if (done.status !== 0) throw new Error(`${name} ${args.join(' ')}:\n${done.stderr}`);
  return done.stdout;
}

const version = (name) => tool(name, ['--version']).split('\n')[0];

/** The sources of a folder, in an order that no file system decides. */
const sourcesIn = (folder) =>
  readdirSync(join(HERE, folder))
    .sort()
    .filter((file) => /\.[cs]$/.test(file))
    .map((file) => `${folder}/${file}`);

/** What each guest is made of besides the library: [name, sources]. */
function guestSources() {
  const entries = readdirSync(join(HERE, 'guests'), { withFileTypes: true });
  const guests = entries.map((entry) => {
    const at = `guests/${entry.name}`;
    return [basename(entry.name, '.c'), entry.isDirectory() ? sourcesIn(at) : [at]];
  });
  return guests.sort(([a], [b]) => (a < b ? -1 : 1));
}

function build(output, native, objects) {
  const compile = (source) => {
    const object = join(objects, `${source.replaceAll('/', '-')}.o`);
    tool('gcc', [...COMPILE, '-c', '-o', object, source]);
    return object;
  };
  const start = compile(START);
  const library = join(objects, 'library.a');
  const parts = sourcesIn('lib').filter((source) => source !== START);
  tool('ar', ['rcsD', library, ...parts.map(compile)]);
  const link = (name, own) =>
    tool('ld', [...LINK, '-o', join(output, `${name}.elf`), start, ...own, library]);

  for (const [name, sources] of guestSources()) link(name, sources.map(compile));
  const guest = compile('kernels/guest.c');
  for (const source of sourcesIn('kernels').filter((name) => !HARNESSES.includes(name))) {
    const name = basename(source, '.c');
    const kernel = compile(source);
    link(name, [kernel, guest]);
    if (native) tool('gcc', [...NATIVE, '-o', join(native, name), kernel, 'kernels/native.c']);
  }
  const tools = { gcc: version('gcc'), ld: version('ld') };
  const record = { tools, compile: COMPILE.join(' '), link: LINK.join(' ') };
  writeFileSync(join(output, 'built-by.json'), `${JSON.stringify(record, null, 2)}\n`);
}

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: join(HERE, '../images') },
    native: { type: 'string' },
  },
});
const output = resolve(values.output);
const native = values.native && resolve(values.native);
const objects = mkdtempSync(join(tmpdir(), 'vmft-programs-'));
try {
  for (const directory of [output, native]) if (directory) mkdirSync(directory, { recursive: true });
  build(output, native, objects);
} finally {
  rmSync(objects, { recursive: true });
}
