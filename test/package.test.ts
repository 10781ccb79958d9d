/** The files by which npm installs vmft: complete, and the same everywhere. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const json = (name: string) =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const packages = json('package-lock.json').packages as Record<string, Locked>;

it('the lock file holds every package that another one names, those of other systems too', () => {
  const missing: string[] = [];
  for (const [path, { dependencies, optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      // A package is found in its user's own folder, or in that of anyone above it.
      const folders = path.split('/node_modules/').map((_, n, all) => all.slice(0, n + 1));
      const places = [`node_modules/${name}`].concat(
        folders.map((folder) => `${folder.join('/node_modules/')}/node_modules/${name}`),
      );
      if (!places.some((place) => packages[place]?.version)) missing.push(`${path}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

it('the lock file is that of package.json', () => {
  const { dependencies, devDependencies, version } = json('package.json');
  expect(packages['']).toMatchObject({ dependencies, devDependencies, version });
});
