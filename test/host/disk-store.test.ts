/** What a disk server keeps, on a computer that crashes at any moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { CheckedDisk, SECTOR_BYTES, sumsOf } from '../../src/host/checked-disk.ts';
import { DiskJournal } from '../../src/host/disk-journal.ts';
import { DiskStore, type DiskWrite } from '../../src/host/disk-store.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';
import { Computer, ForgetfulFile } from './forgetful-file.ts';

const SECTORS = [24, 7];
/** Little, so that a journal begins anew now and then. */
const JOURNAL_BYTES = 12 * 1024;

/** What a computer does wrong besides: nothing, or no space is left, or its disks fail. */
const SOUND = { full: 0, bad: 0 };
const TROUBLES = [SOUND, { full: 0.2, bad: 0 }, { full: 0, bad: 0.2 }];

/** Crashes that have shown faults of the journal. */
const FAILED_ONCE: [number, typeof SOUND][] = [
  [288900853, SOUND],
  ...[8, 25, 28].map((seed): [number, typeof SOUND] => [seed, TROUBLES[2]!]),
];

/** A computer with two disks, and what they should hold. */
class World {
  readonly computer: Computer;
  readonly news: string[] = [];
  readonly data: readonly ForgetfulFile[];
  readonly #sums: readonly ForgetfulFile[];
  readonly #journal: ForgetfulFile;
  #laps = 0n;

  constructor(seed: number) {
    this.computer = new Computer(new Prng(seed));
    const file = (bytes: Uint8Array, sparse = false) =>
      new ForgetfulFile(this.computer, bytes, sparse);
    this.data = SECTORS.map((n) => file(this.computer.prng.bytes(n * SECTOR_BYTES), true));
    this.#sums = this.data.map((one) => file(Buffer.concat([...sumsOf(one, hasher)])));
    this.#journal = file(new Uint8Array(JOURNAL_BYTES));
  }

  /** What the disk server does when it begins. */
  open(): DiskStore {
    const disks = this.data.map(
      (data, n) => new CheckedDisk({ name: `${n}`, data, sums: this.#sums[n]!, hasher }),
    );
    const drawLap = () => this.#laps++;
    const journal = new DiskJournal({ file: this.#journal, hasher, drawLap });
    return new DiskStore({ disks, journal, report: (text) => this.news.push(text) });
  }

  restart(powerCut: boolean): void {
    this.computer.left = Number.POSITIVE_INFINITY;
    for (const file of [...this.data, ...this.#sums, this.#journal]) file.restart(powerCut);
  }

  drawWrite(): DiskWrite {
    const { prng } = this.computer;
    const disk = prng.below(SECTORS.length);
    const sector = prng.below(SECTORS[disk]!);
    const sectors = 1 + prng.below(Math.min(SECTORS[disk]! - sector, 6));
    return { kind: 'write', disk, sector, data: prng.bytes(sectors * SECTOR_BYTES) };
  }
}

/** Sectors that are not what was stored there, as [disk, sector]. */
const damage = (store: DiskStore): number[][] =>
  store.disks.flatMap((disk, n) => [...disk.check()].flat().map((sector) => [n, sector]));

/** The disks as they should be; undefined for a sector of which nobody knows. */
class Model {
  readonly #disks: (Uint8Array | undefined)[][];

  constructor(disks: readonly Uint8Array[]) {
    this.#disks = disks.map((bytes) =>
      Array.from({ length: bytes.length / SECTOR_BYTES }, (_, sector) => cut(bytes, sector)),
    );
  }

  take({ disk, sector, data }: DiskWrite, ok: boolean): void {
    for (let i = 0; i < data.length / SECTOR_BYTES; i++)
      this.#disks[disk]![sector + i] = ok ? cut(data, i) : undefined;
  }

  describes(disks: readonly Uint8Array[]): boolean {
    return this.#disks.every((sectors, n) =>
      sectors.every((bytes, at) => !bytes || Buffer.compare(bytes, cut(disks[n]!, at)) === 0),
    );
  }
}

const cut = (bytes: Uint8Array, sector: number): Uint8Array =>
  bytes.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);

describe('the disks of a disk server', () => {
  it('keep every acknowledged write over crashes, and those under way whole or not at all', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...TROUBLES), (seed, trouble) => {
        const world = new World(seed);
        const { computer, data } = world;
        const { prng } = computer;
        const model = new Model(data.map(({ contents }) => contents));
        let store = world.open();
        for (let batch = 0; batch < 12; batch++) {
          Object.assign(computer, trouble);
          if (prng.chance(0.4)) computer.left = 1 + prng.below(12);
          const writes = Array.from({ length: 1 + prng.below(5) }, () => world.drawWrite());
          const outcomes = store.write(writes);
          const wasDown = computer.isDown;
          if (!wasDown) for (const [i, write] of writes.entries()) model.take(write, outcomes[i]!);
          Object.assign(computer, SOUND);
          if (wasDown || prng.chance(0.2)) {
            // A crash while the store begins is a crash like any other.
            do {
              world.restart(prng.chance(0.5));
              if (prng.chance(0.3)) computer.left = 1 + prng.below(20);
              try {
                store = world.open();
              } catch (error) {
                expect(computer.isDown, String(error)).toBe(true);
              }
            } while (computer.isDown);
            computer.left = Number.POSITIVE_INFINITY;
          }
          // Nobody was told of these: the first of them are there whole, and the others not at all.
          const disks = data.map(({ contents }) => contents);
          const rest = wasDown && trouble === SOUND ? [...writes] : [];
          while (!model.describes(disks) && rest.length > 0) model.take(rest.shift()!, true);
          if (wasDown && trouble !== SOUND) for (const write of writes) model.take(write, false);
          expect(model.describes(disks)).toBe(true);
          expect(damage(store)).toEqual([]);
        }
      }),
      { numRuns: runs(60), examples: FAILED_ONCE },
    );
  });

  it('show any byte that somebody else has altered, when it is read and when it is checked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (seed, change) => {
        const world = new World(seed);
        const { prng } = world.computer;
        world.open().write(Array.from({ length: 10 }, () => world.drawWrite()));
        // The store is opened anew: its journal would repair what it still has.
        const store = world.open();
        const disk = prng.below(SECTORS.length);
        const at = prng.below(SECTORS[disk]! * SECTOR_BYTES);
        world.data[disk]!.contents[at]! ^= change;
        const sector = Math.floor(at / SECTOR_BYTES);
        expect(damage(store)).toEqual([[disk, sector]]);
        expect(store.read(disk, { sector, sectors: 1 })).toBeUndefined();
        expect(world.news.at(-1)).toBe(
          `disk ${disk}, sector ${sector}: it is not what was stored there`,
        );
        store.write([{ kind: 'write', disk, sector, data: new Uint8Array(SECTOR_BYTES) }]);
        expect(damage(store)).toEqual([]);
        expect(store.read(disk, { sector, sectors: 1 })).toEqual(new Uint8Array(SECTOR_BYTES));
      }),
    );
  });

  it('refuse a write that no journal could hold, and go on', () => {
    const world = new World(1);
    const store = world.open();
    const large = { kind: 'write', disk: 0, sector: 0, data: new Uint8Array(24 * 512) } as const;
    const small = { kind: 'write', disk: 1, sector: 0, data: new Uint8Array(512) } as const;
    expect(store.write([small, large, small])).toEqual([true, false, true]);
    expect(damage(store)).toEqual([]);
  });
});
