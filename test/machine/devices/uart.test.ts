/** The 16550 UART: FIFO, interrupts and line control. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BugError } from '../../../src/base/assert.ts';
import { Uart } from '../../../src/machine/devices/uart.ts';

const enum Reg {
  Data,
  Ier,
  Iir,
  Lcr,
  Mcr,
  Lsr,
  Msr,
  Scr,
}

class Bench {
  irq = false;
  readonly sent: [number, string][] = [];
  readonly uart = new Uart(
    (level) => {
      this.irq = level;
    },
    (offset, bytes) => this.sent.push([offset, Buffer.from(bytes).toString('latin1')]),
  );

  write(offset: number, value: number): this {
    this.uart.write(offset, 1, value);
    return this;
  }

  read(offset: number): number {
    return this.uart.read(offset);
  }

  send(text: string): this {
    for (const byte of Buffer.from(text, 'latin1')) this.write(Reg.Data, byte);
    return this;
  }

  type(text: string): this {
    this.uart.receive(Buffer.from(text, 'latin1'));
    return this;
  }

  drain(): string {
    let text = '';
    while (this.read(Reg.Lsr) & 1) text += String.fromCharCode(this.read(Reg.Data));
    return text;
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('sending', () => {
  test('bytes are let go at a newline, with the number of bytes before them', () => {
    bench.send('ab\ncd\n');
    expect(bench.sent).toEqual([
      [0, 'ab\n'],
      [3, 'cd\n'],
    ]);
  });

  test('bytes are let go at 256 of them, and at a flush', () => {
    bench.send('x'.repeat(300));
    bench.uart.flush();
    bench.uart.flush();
    expect(bench.sent).toEqual([
      [0, 'x'.repeat(256)],
      [256, 'x'.repeat(44)],
    ]);
  });

  test('the transmitter is always empty', () => {
    expect(bench.send('a').read(Reg.Lsr) & 0x60).toBe(0x60);
  });

  test('THRE interrupts when it is enabled, after each byte, and until IIR is read', () => {
    expect(bench.write(Reg.Ier, 2).irq).toBe(true);
    expect(bench.read(Reg.Iir)).toBe(2);
    expect(bench.irq).toBe(false);
    expect(bench.read(Reg.Iir)).toBe(1);
    expect(bench.send('a').irq).toBe(true);
    expect(bench.write(Reg.Ier, 0).irq).toBe(false);
  });
});

describe('receiving', () => {
  test('without a FIFO one byte is held and the rest waits on the line', () => {
    bench.type('ab');
    expect(bench.uart.accepts).toBe(false);
    expect(bench.read(Reg.Data)).toBe(0x61);
    expect(bench.uart.accepts).toBe(false);
    expect(bench.read(Reg.Data)).toBe(0x62);
    expect(bench.uart.accepts).toBe(true);
    expect(bench.read(Reg.Lsr) & 1).toBe(0);
  });

  test('with a FIFO input is accepted until 16 bytes are held', () => {
    bench.write(Reg.Iir, 1);
    for (let i = 0; i < 16; i++) bench.type('x');
    expect(bench.uart.accepts).toBe(false);
    expect(() => bench.type('y')).toThrow(BugError);
    bench.read(Reg.Data);
    bench.type('0123456789abcdef');
    expect(bench.drain()).toBe(`${'x'.repeat(15)}0123456789abcdef`);
  });

  test.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])('FCR %i: the interrupt is a time-out below %i bytes, else received data', (fcr, trigger) => {
    bench.write(Reg.Iir, fcr).write(Reg.Ier, 1);
    for (let n = 1; n <= 16; n++) {
      bench.type('x');
      expect(bench.irq).toBe(true);
      expect(bench.read(Reg.Iir)).toBe(0xc0 | (n < trigger ? 0x0c : 0x04));
    }
    bench.drain();
    expect(bench.irq).toBe(false);
  });

  test('without its enable bit received data do not interrupt', () => {
    expect(bench.type('a').irq).toBe(false);
    expect(bench.write(Reg.Ier, 1).irq).toBe(true);
  });

  test('FCR clears the receiver when told to, and when the FIFO is switched', () => {
    bench.write(Reg.Iir, 1).type('abc').write(Reg.Iir, 3);
    expect(bench.drain()).toBe('');
    bench.type('abc').write(Reg.Iir, 0);
    expect(bench.drain()).toBe('');
  });
});

describe('loopback', () => {
  beforeEach(() => {
    bench.write(Reg.Mcr, 0x10).read(Reg.Msr);
  });

  test('what is sent is received and does not leave', () => {
    bench.write(Reg.Iir, 1).send('hi\n');
    expect(bench.drain()).toBe('hi\n');
    expect(bench.sent).toEqual([]);
  });

  test('console input is not accepted', () => {
    expect(bench.uart.accepts).toBe(false);
  });

  test('a full FIFO keeps its bytes and reports an overrun, the most urgent interrupt', () => {
    bench.write(Reg.Iir, 1).write(Reg.Ier, 0x0f).send('0123456789abcdefX');
    expect(bench.read(Reg.Iir) & 0x0f).toBe(6);
    expect(bench.read(Reg.Lsr) & 2).toBe(2);
    expect(bench.read(Reg.Lsr) & 2).toBe(0);
    expect(bench.drain()).toBe('0123456789abcdef');
  });

  test('without a FIFO the new byte takes the place of the old', () => {
    bench.send('ab');
    expect(bench.read(Reg.Lsr) & 2).toBe(2);
    expect(bench.read(Reg.Data)).toBe(0x62);
  });

  test('modem outputs are wired to modem inputs, and changes show once', () => {
    bench.write(Reg.Ier, 8).write(Reg.Mcr, 0x13);
    expect(bench.irq).toBe(true);
    expect(bench.read(Reg.Iir)).toBe(0);
    expect(bench.read(Reg.Msr)).toBe(0x30 | 0x03);
    expect(bench.read(Reg.Msr)).toBe(0x30);
    expect(bench.irq).toBe(false);
    bench.write(Reg.Mcr, 0x1c).read(Reg.Msr);
    expect(bench.write(Reg.Mcr, 0x10).read(Reg.Msr)).toBe(0x0c);
  });
});

describe('registers', () => {
  test('the data register keeps its byte without a FIFO; an empty FIFO reads 0', () => {
    bench.type('a');
    expect([bench.read(Reg.Data), bench.read(Reg.Data)]).toEqual([0x61, 0x61]);
    expect(bench.write(Reg.Iir, 1).read(Reg.Data)).toBe(0);
  });

  test('the divisor hides behind DLAB', () => {
    bench.write(Reg.Lcr, 0x83).write(Reg.Data, 0x34).write(Reg.Ier, 0x12);
    expect([bench.read(Reg.Data), bench.read(Reg.Ier)]).toEqual([0x34, 0x12]);
    bench.write(Reg.Lcr, 0x03).write(Reg.Ier, 0xff);
    expect([bench.read(Reg.Ier), bench.read(Reg.Lcr)]).toEqual([0x0f, 0x03]);
  });

  test('SCR holds what is written; LSR and MSR take no writes; DCD, DSR and CTS are on', () => {
    bench.write(Reg.Scr, 0x5a).write(Reg.Lsr, 0).write(Reg.Msr, 0);
    expect([bench.read(Reg.Scr), bench.read(Reg.Lsr), bench.read(Reg.Msr)]).toEqual([
      0x5a, 0x60, 0xb0,
    ]);
  });
});
