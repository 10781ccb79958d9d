/** Every source in test/golden/asm becomes the bytes, and the listing, that nasm makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatError } from '../../src/asm/assembler.ts';
import { describeWithTool } from '../support/tools.ts';
import { GOLDEN, goldenSources, nasm, ours } from './support.ts';

/** Line, address and bytes of each row with bytes; a line's continuation joined to it. */
function rows(listing: string): string[][] {
  const out: string[][] = [];
  let open = false;
  for (const text of listing.split('\n')) {
    const match = /^ *(\d+) ([0-9A-F]{8}) (\S+)/.exec(text);
    // nasm shows even an empty part of a file.
    if (!match || match[3] === '<bin') continue;
    const [, line, address, bytes] = match as unknown as [string, string, string, string];
    if (open) out.at(-1)![2] += bytes;
    else out.push([line, address, bytes]);
    open = bytes.endsWith('-');
  }
  return out.map(([line, address, bytes]) => [line!, address!, bytes!.replaceAll('-', '')]);
}

/** What nasm knows of the bytes: up to a place that is still to be relocated or repeated. */
const known = (bytes: string): string => /^[0-9A-F?]*/.exec(bytes)![0];

describeWithTool('nasm', 'the same source makes the same bytes in nasm', () => {
  for (const name of goldenSources()) {
    it(name, () => {
      const text = readFileSync(join(GOLDEN, name), 'utf8');
      const theirs = nasm(text);
      expect(theirs.messages).not.toContain('error');
      const result = ours(text);
      expect(result.errors.map((error) => formatError(error))).toEqual([]);
      expect(Buffer.from(result.image).toString('hex')).toBe(
        Buffer.from(theirs.bytes!).toString('hex'),
      );
      const wanted = rows(theirs.listing);
      const got = rows(result.listing);
      expect(got.map(([line, address]) => `${line} ${address}`)).toEqual(
        wanted.map(([line, address]) => `${line} ${address}`),
      );
      got.forEach(([, , bytes], i) => {
        // In a section without bytes nasm lists the padding that it then ignores.
        const shown = bytes!.startsWith('?') ? '' : known(wanted[i]![2]!);
        expect(bytes!.slice(0, shown.length)).toBe(shown);
      });
    });
  }
});
