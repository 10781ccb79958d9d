/**
 * Which folder of src/ may import what. The layers, low to high (LAYERS below): a file imports from
 * its own folder and from lower layers; folders of one layer never import each other.
 */
import { posix } from 'node:path';
import { type Finding, findingAt, importsOf, type Rule } from './source.ts';

/** The folders of src/, lowest layer first. */
export const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['isa', 'net'],
  ['cpu'],
  ['jit', 'asm'],
  ['machine'],
  ['hypervisor'],
  ['ft'],
  ['debug', 'sim', 'host'],
  ['cli', 'web'],
];

/** Packages of npm, each with the folders that may import it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@cfworker': ['host'],
  chalk: ['cli'],
  commander: ['cli'],
  'hash-wasm': ['host'],
  'prom-client': ['host'],
  yaml: ['sim', 'host', 'cli'],
};

/**
 * Modules of Node that the command line may import: they compute, or tell where the program lies.
 * Files, sockets, processes, timers, clocks and entropy are the host's.
 */
const CLI_MODULES = ['node:path', 'node:url', 'node:util', 'node:process'];

/** The folder of src/ that holds `path`, or undefined where it lies in none. */
export function folderOf(path: string): string | undefined {
  const [src, folder, file] = path.split('/');
  return src === 'src' && file !== undefined ? folder : undefined;
}

/** The number of the layer that holds `folder`, lowest first; -1 where no layer does. */
export function layerOf(folder: string | undefined): number {
  return LAYERS.findIndex((row) => row.includes(folder ?? ''));
}

/** Imports go downwards, and between files of one folder. */
export const importsGoDown: Rule = (source) => {
  const folder = folderOf(source.path);
  const layer = layerOf(folder);
  if (layer < 0) return [{ path: source.path, line: 1, remedy: 'put the file in a known layer' }];
  return importsOf(source)
    .filter(({ name }) => name.startsWith('.'))
    .flatMap(({ name, offset }): Finding[] => {
      const target = folderOf(posix.join(posix.dirname(source.path), name));
      if (target === folder || (layerOf(target) >= 0 && layerOf(target) < layer)) return [];
      return [findingAt(source, offset, `${folder} must not import ${target ?? name}`)];
    });
};

/** Packages and modules of Node are imported only by the folders that the tables above name. */
export const packagesHaveTheirFolder: Rule = (source) => {
  const folder = folderOf(source.path) ?? '';
  return importsOf(source)
    .filter(({ name }) => !name.startsWith('.') && !isAllowed(folder, name))
    .map(({ name, offset }) => findingAt(source, offset, `${folder} must not import ${name}`));
};

function isAllowed(folder: string, name: string): boolean {
  if (name.startsWith('node:')) {
    return folder === 'host' || (folder === 'cli' && CLI_MODULES.includes(name));
  }
  const pack = name.split('/')[0] ?? '';
  return PACKAGES[pack]?.includes(folder) ?? false;
}
