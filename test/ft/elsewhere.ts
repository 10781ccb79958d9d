/** Claims of the paper whose tests have a better place than the tests of the paper. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Claims of the section around, with the file under test/ and the title of the test of each. */
export function elsewhere(
  claims: readonly (readonly [claim: string, file: string, title: string])[],
) {
  it.each(claims)('%s: tested in %s', (_claim, file, title) => {
    const text = readFileSync(new URL(`../${file}.test.ts`, import.meta.url), 'utf8');
    expect(text.split('\n').filter((line) => line.includes(`'${title}'`))).toHaveLength(1);
  });
}
