/** The interrupt controllers, rule by rule of the 8259A data sheet. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Pic8259, PicPair } from '../../../src/machine/devices/pic.ts';

const NON_SPECIFIC_EOI = 0x20;
const SPECIFIC_EOI = 0x60;

/** ICW1 … ICW4 as a PC's firmware writes them; vectors from `base`. */
function initialise(pic: Pic8259, base: number, icw4 = 0x01, icw3 = 0x04): void {
  pic.write(0, 1, 0x11);
  pic.write(1, 1, base);
  pic.write(1, 1, icw3);
  pic.write(1, 1, icw4);
}

function pulse(pic: Pic8259, input: number): void {
  pic.setLine(input, false);
  pic.setLine(input, true);
}

describe('one 8259A', () => {
  let pic: Pic8259;
  beforeEach(() => {
    pic = new Pic8259(() => {});
    initialise(pic, 0x20);
  });

  test('requests nothing before the initialisation words are complete', () => {
    pic = new Pic8259(() => {});
    pulse(pic, 0);
    expect(pic.requested).toBe(false);
    pic.write(0, 1, 0x11);
    pic.write(1, 1, 0x20);
    pic.write(1, 1, 0x04);
    pulse(pic, 1);
    expect(pic.requested).toBe(false);
    pic.write(1, 1, 0x01);
    expect(pic.requested).toBe(true);
  });

  test('ICW1 without IC4 ends after ICW3, with SNGL after ICW2', () => {
    pic.write(0, 1, 0x10);
    pic.write(1, 1, 0x40);
    pic.write(1, 1, 0x04);
    pic.write(1, 1, 0xfe);
    expect(pic.read(1)).toBe(0xfe);
    pic.write(0, 1, 0x12);
    pic.write(1, 1, 0x40);
    pic.write(1, 1, 0xfd);
    expect(pic.read(1)).toBe(0xfd);
  });

  test('ICW1 clears the mask, requests and in-service bits', () => {
    pulse(pic, 1);
    pic.acknowledge();
    pulse(pic, 3);
    pic.write(1, 1, 0xff);
    initialise(pic, 0x20);
    expect(pic.read(1)).toBe(0);
    expect(pic.state()).toMatchObject({ irr: 0, isr: 0, lowest: 7 });
  });

  test('a request is a rising edge: a line that stays high requests once', () => {
    pic.setLine(4, true);
    expect(pic.acknowledge()).toBe(4);
    pic.write(0, 1, NON_SPECIFIC_EOI);
    pic.setLine(4, true);
    expect(pic.requested).toBe(false);
    pulse(pic, 4);
    expect(pic.requested).toBe(true);
  });

  test('a line that falls before the acknowledge withdraws its request', () => {
    pic.setLine(4, true);
    pic.setLine(4, false);
    expect(pic.requested).toBe(false);
  });

  test('an acknowledge without a request is a spurious IR7, not put in service', () => {
    expect(pic.acknowledge()).toBe(7);
    expect(pic.state().isr).toBe(0);
  });

  test('IR0 has the highest priority', () => {
    for (const input of [6, 2, 5]) pic.setLine(input, true);
    const order: number[] = [];
    while (pic.requested) {
      order.push(pic.acknowledge());
      pic.write(0, 1, NON_SPECIFIC_EOI);
    }
    expect(order).toEqual([2, 5, 6]);
  });

  test('while a level is in service only higher ones interrupt', () => {
    pic.setLine(3, true);
    pic.acknowledge();
    pic.setLine(5, true);
    expect(pic.requested).toBe(false);
    pic.setLine(1, true);
    expect(pic.requested).toBe(true);
    expect(pic.acknowledge()).toBe(1);
    pic.write(0, 1, NON_SPECIFIC_EOI);
    expect(pic.requested).toBe(false);
    pic.write(0, 1, NON_SPECIFIC_EOI);
    expect(pic.acknowledge()).toBe(5);
  });

  test('a specific EOI ends the level it names', () => {
    pic.setLine(3, true);
    pic.acknowledge();
    pic.setLine(1, true);
    pic.acknowledge();
    pic.write(0, 1, SPECIFIC_EOI | 3);
    expect(pic.state().isr).toBe(1 << 1);
  });

  test('masked requests wait in the IRR until they are unmasked', () => {
    pic.write(1, 1, 0x10);
    pic.setLine(4, true);
    expect(pic.requested).toBe(false);
    expect(pic.read(0)).toBe(0x10);
    pic.write(1, 1, 0);
    expect(pic.requested).toBe(true);
  });

  test('OCW3 chooses between IRR and ISR', () => {
    pic.setLine(2, true);
    pic.acknowledge();
    pic.setLine(6, true);
    pic.write(0, 1, 0x0b);
    expect(pic.read(0)).toBe(1 << 2);
    pic.write(0, 1, 0x0a);
    expect(pic.read(0)).toBe(1 << 6);
  });

  test('automatic EOI leaves nothing in service', () => {
    initialise(pic, 0x20, 0x03);
    pic.setLine(2, true);
    pic.acknowledge();
    expect(pic.state().isr).toBe(0);
    pic.setLine(5, true);
    expect(pic.requested).toBe(true);
  });

  test('rotation in automatic EOI gives the acknowledged level the lowest priority', () => {
    initialise(pic, 0x20, 0x03);
    pic.write(0, 1, 0x80);
    pulse(pic, 2);
    pic.acknowledge();
    pulse(pic, 2);
    pulse(pic, 3);
    expect(pic.acknowledge()).toBe(3);
    pic.write(0, 1, 0x00);
    pulse(pic, 1);
    pic.acknowledge();
    expect(pic.state().lowest).toBe(3);
  });

  test('rotate on non-specific EOI makes the level just ended the lowest', () => {
    pulse(pic, 4);
    pic.acknowledge();
    pic.write(0, 1, 0xa0);
    pulse(pic, 4);
    pulse(pic, 6);
    expect(pic.acknowledge()).toBe(6);
  });

  test('rotate on specific EOI, and set priority, name the lowest level', () => {
    pulse(pic, 1);
    pic.acknowledge();
    pic.write(0, 1, 0xe0 | 1);
    expect(pic.state()).toMatchObject({ isr: 0, lowest: 1 });
    pic.write(0, 1, 0xc0 | 5);
    for (const input of [0, 5, 6]) pulse(pic, input);
    expect(pic.acknowledge()).toBe(6);
  });

  test('special mask mode lets every level through but those masked', () => {
    pic.setLine(2, true);
    pic.acknowledge();
    pic.setLine(5, true);
    expect(pic.requested).toBe(false);
    pic.write(1, 1, 1 << 2);
    pic.write(0, 1, 0x68);
    expect(pic.requested).toBe(true);
    expect(pic.acknowledge()).toBe(5);
    pic.write(0, 1, NON_SPECIFIC_EOI);
    expect(pic.state().isr).toBe(1 << 2);
    pic.write(0, 1, 0x48);
    pic.setLine(6, true);
    expect(pic.requested).toBe(false);
  });

  test('poll answers with the level, and puts it in service', () => {
    pic.write(0, 1, 0x0c);
    expect(pic.read(0)).toBe(0);
    pic.setLine(3, true);
    pic.write(0, 1, 0x0c);
    expect(pic.read(0)).toBe(0x83);
    expect(pic.state()).toMatchObject({ isr: 1 << 3, irr: 0, poll: false });
  });
});

describe('the pair', () => {
  let pair: PicPair;
  beforeEach(() => {
    pair = new PicPair();
    initialise(pair.first, 0x20);
    initialise(pair.second, 0x28, 0x01, 0x02);
  });

  test('IRQ 8 … 15 come through input 2, with vectors of the second controller', () => {
    pair.line(10)(true);
    pair.line(3)(true);
    expect(pair.requested).toBe(true);
    expect(pair.acknowledge()).toBe(0x2a);
    expect(pair.requested).toBe(false);
    pair.second.write(0, 1, NON_SPECIFIC_EOI);
    pair.first.write(0, 1, NON_SPECIFIC_EOI);
    expect(pair.acknowledge()).toBe(0x23);
  });

  test('two requests of the second controller are two edges on input 2', () => {
    pair.line(10)(true);
    pair.line(12)(true);
    const vectors: number[] = [];
    while (pair.requested) {
      vectors.push(pair.acknowledge());
      pair.second.write(0, 1, NON_SPECIFIC_EOI);
      pair.first.write(0, 1, NON_SPECIFIC_EOI);
    }
    expect(vectors).toEqual([0x2a, 0x2c]);
  });

  test('special fully nested: a higher request of the second interrupts one in service', () => {
    initialise(pair.first, 0x20, 0x11);
    pair.line(12)(true);
    pair.acknowledge();
    pair.line(9)(true);
    expect(pair.requested).toBe(true);
    expect(pair.acknowledge()).toBe(0x29);
  });

  test('special fully nested: lower inputs of the first, and its other levels, still wait', () => {
    initialise(pair.first, 0x20, 0x11);
    pair.line(12)(true);
    pair.acknowledge();
    pair.line(5)(true);
    pair.line(14)(true);
    expect(pair.requested).toBe(false);
    pair.line(1)(true);
    expect(pair.acknowledge()).toBe(0x21);
  });

  test('the second has no special fully nested input: its input 2 nests like any other', () => {
    initialise(pair.second, 0x28, 0x11, 0x02);
    pair.line(10)(true);
    pair.acknowledge();
    pair.line(12)(true);
    expect(pair.second.requested).toBe(false);
  });

  test('input 2 without a request of the second is IRQ 15, which only the first serves', () => {
    pair.first.setLine(2, true);
    expect(pair.acknowledge()).toBe(0x2f);
    expect(pair.first.state().isr).toBe(1 << 2);
    expect(pair.second.state().isr).toBe(0);
  });

  test('a request that the second withdraws is withdrawn from the first', () => {
    pair.line(10)(true);
    pair.line(10)(false);
    expect(pair.requested).toBe(false);
    expect(pair.first.state().irr).toBe(0);
  });

  test('each controller is polled for itself', () => {
    pair.line(12)(true);
    pair.first.write(0, 1, 0x0c);
    expect(pair.first.read(0)).toBe(0x82);
    pair.second.write(0, 1, 0x0c);
    expect(pair.second.read(0)).toBe(0x84);
    expect([pair.first.state().isr, pair.second.state().isr]).toEqual([1 << 2, 1 << 4]);
  });
});
