/**
 * Where bytes go: the sections, the one chosen at the moment, and `absolute`, which counts without
 * bytes. Keeps what each line put where, for the listing.
 */

import { MAX_RAM_BYTES } from '../base/limits.ts';
import { Failure } from './errors.ts';
import { DEFAULT_ELF_ORIGIN, type Format, layOut } from './layout.ts';
import { MAX_ALIGNMENT, MAX_IMAGE_BYTES } from './limits.ts';
import { kindOf, type Places, Section, type SectionKind } from './sections.ts';
import type { Origin } from './source.ts';
import { one, scalar, type Value } from './value.ts';

/** What one line put at one place. */
export interface Emission {
  readonly origin: Origin;
  /** Undefined under `absolute`. */
  readonly section: Section | undefined;
  /** In the section, or the absolute counter. */
  readonly offset: number;
  readonly size: number;
  /** Room without a value is shown as such, and bytes of a file only by their number. */
  readonly kind: 'bytes' | 'room' | 'file';
  /** How often `times` repeats it; the bytes follow each other. */
  readonly times: number;
}

export class Output {
  readonly #format: Format;
  readonly #sections = new Map<string, Section>();
  #section: Section;
  /** The counter, while `absolute` is in force. */
  #absolute: number | undefined;
  #chosen: { readonly section: Section; readonly absolute: number | undefined };
  #origin: number | undefined;
  #emissions: Emission[] = [];

  constructor(format: Format) {
    this.#format = format;
    this.#section = this.#named('.text', undefined);
    this.#chosen = { section: this.#section, absolute: undefined };
  }

  /** In the order in which the program first names them. */
  get sections(): Section[] {
    return [...this.#sections.values()];
  }

  /** Of the present pass, in the order of the source. */
  get emissions(): readonly Emission[] {
    return this.#emissions;
  }

  /** Address of the first byte: `org`, or the format's default, or where the first section is. */
  get origin(): number {
    if (this.#origin !== undefined) return this.#origin;
    if (this.#format === 'elf') return DEFAULT_ELF_ORIGIN;
    const starts = this.sections.flatMap(({ places }) => places.start ?? []);
    return this.#sections.get('.text')!.places.start === undefined ? 0 : Math.min(...starts);
  }

  /** The section in force, or undefined under `absolute`. */
  get section(): Section | undefined {
    return this.#absolute === undefined ? this.#section : undefined;
  }

  startPass(): void {
    for (const section of this.#sections.values()) section.restart();
    this.choose('.text', undefined, true);
    this.#origin = undefined;
    this.#emissions = [];
  }

  /** Gives the sections their places. True if one has moved since the pass before. */
  endPass(): boolean {
    return layOut(this.sections, this.#format, this.origin);
  }

  /** Where the next byte goes. */
  here(): Value {
    if (this.#absolute !== undefined) return scalar(BigInt(this.#absolute));
    return one(this.#section, BigInt(this.#section.length));
  }

  /** Where the section in force begins. */
  base(): Value {
    return this.#absolute === undefined ? one(this.#section) : scalar(0n);
  }

  /** Address of the next byte, as far as the last layout knows. */
  get address(): number {
    return this.#absolute ?? this.#section.base + this.#section.length;
  }

  /** Appends `bytes` `times` over. Throws a Failure at `column` where none may be. */
  append(
    origin: Origin,
    bytes: Uint8Array,
    times: number,
    column: number,
    kind: 'bytes' | 'file' = 'bytes',
  ): void {
    if (bytes.length * times === 0) return;
    if (this.#absolute !== undefined)
      throw new Failure(column, "`absolute' space has no bytes", 'reserve room with resb … resq');
    if (this.#section.kind === 'bss') {
      const what = `section ${this.#section.name} has no bytes of its own`;
      throw new Failure(column, what, 'put data with values into .data');
    }
    this.#note({ origin, size: bytes.length, kind, times }, column);
    this.#section.append(bytes, times);
  }

  /** Leaves room for `size` bytes. */
  reserve(origin: Origin, size: number, column: number): void {
    if (size === 0) return;
    this.#note({ origin, size, kind: 'room', times: 1 }, column);
    if (this.#absolute === undefined) this.#section.reserve(size);
    else this.#absolute += size;
  }

  #note(emission: Omit<Emission, 'section' | 'offset'>, column: number): void {
    const { size, times } = emission;
    const section = this.section;
    const offset = section?.length ?? this.#absolute!;
    const limit = section && section.kind !== 'bss' ? MAX_IMAGE_BYTES : MAX_RAM_BYTES;
    if ((section?.length ?? 0) + size * times > limit)
      throw new Failure(column, `more than ${limit} bytes in one section`);
    this.#emissions.push({ ...emission, section, offset });
  }

  /**
   * Goes on in the section `name`. `kind` is what the program says of it, if anything; `lasting`
   * whether {@link goBack} comes back here.
   */
  choose(name: string, kind: SectionKind | undefined, lasting: boolean): void {
    this.#section = this.#named(name, kind);
    this.#absolute = undefined;
    if (lasting) this.#chosen = { section: this.#section, absolute: undefined };
  }

  /** Counts on from `address` without bytes. */
  chooseAbsolute(address: number, lasting: boolean): void {
    this.#absolute = address;
    if (lasting) this.#chosen = { section: this.#section, absolute: address };
  }

  /** Goes on where the last lasting choice led to. */
  goBack(): void {
    this.#section = this.#chosen.section;
    this.#absolute = this.#chosen.absolute;
  }

  /** Raises the alignment of the section in force to `align` bytes. */
  align(align: bigint, column: number): void {
    if (align < 1n || align > MAX_ALIGNMENT || (align & (align - 1n)) !== 0n)
      throw new Failure(column, `alignment ${align} is not a power of two up to ${MAX_ALIGNMENT}`);
    if (this.section) this.section.align = Math.max(this.section.align ?? 1, Number(align));
  }

  /** Notes what a section directive says of the place of the section in force. */
  place(attribute: keyof Places, value: bigint | string, column: number): void {
    const { places } = this.#section;
    if (attribute === 'follows' || attribute === 'vfollows') {
      places[attribute] = String(value);
      return;
    }
    const number = Number(value);
    if (number < 0 || number > 0xffff_ffff)
      throw new Failure(column, `${attribute}=${value} is no 32-bit address`);
    if (attribute === 'valign' && (number < 1 || (number & (number - 1)) !== 0))
      throw new Failure(column, `alignment ${number} is not a power of two`);
    places[attribute] = number;
  }

  /** Sets the address of the first byte, once a pass. */
  setOrigin(address: bigint, column: number): void {
    if (this.#origin !== undefined) throw new Failure(column, "second `org' of one program");
    if (address < 0n || address > 0xffff_ffffn)
      throw new Failure(column, `origin ${address} is not a 32-bit address`);
    this.#origin = Number(address);
  }

  #named(name: string, kind: SectionKind | undefined): Section {
    const known = this.#sections.get(name);
    if (known) return known;
    const section = new Section(name, kind ?? kindOf(name));
    this.#sections.set(name, section);
    return section;
  }
}
