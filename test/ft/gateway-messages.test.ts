/** The codec of the gateway's link: what goes in comes out, and no bytes break it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeGatewayMessage,
  encodeGatewayMessage,
  type GatewayMessage,
} from '../../src/ft/gateway-messages.ts';
import { MessageError } from '../../src/ft/messages.ts';
import { encodeOutput } from '../../src/hypervisor/output-codec.ts';

const number = fc.maxSafeNat();
const name = fc.string({ maxLength: 20, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 100 });
const kind = <const K extends string>(word: K) => fc.constant(word);

const output = fc.oneof(
  fc.record({ kind: kind('frame'), bytes }),
  fc.record({ kind: kind('console'), offset: number, bytes }),
  fc.record({ kind: kind('exit'), status: fc.nat(0xffff_ffff) }),
);
const input = fc.record({ kind: fc.constantFrom('packet' as const, 'console' as const), bytes });
const why = fc.constantFrom('token' as const, 'machine' as const);

const message: fc.Arbitrary<GatewayMessage> = fc.oneof(
  fc.record({ kind: kind('hello'), machine: name, owner: name }),
  fc.record({ kind: fc.constantFrom('welcome' as const, 'announce' as const), token: number }),
  fc.record({ kind: kind('output'), ordinal: number, output }),
  fc.record({ kind: kind('refused'), why, token: number }),
  fc.record({ kind: kind('released'), ordinal: number }),
  fc.record({ kind: kind('input'), input }),
);

describe('messages of the gateway’s link', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(decodeGatewayMessage(encodeGatewayMessage(each))).toEqual(each);
      }),
    );
  });

  it('that are cut short or too long are refused', () => {
    fc.assert(
      fc.property(message, (each) => {
        const whole = encodeGatewayMessage(each);
        const cut = whole.subarray(0, whole.length - 1);
        expect(() => decodeGatewayMessage(cut)).toThrow(MessageError);
        expect(() => decodeGatewayMessage(Uint8Array.of(...whole, 0))).toThrow(MessageError);
      }),
    );
  });

  it('any bytes are a message or a MessageError', () => {
    const headed = fc
      .tuple(fc.nat(8), bytes)
      .map(([type, rest]) => Uint8Array.of(1, type, ...rest));
    fc.assert(
      fc.property(fc.oneof(bytes, headed), (each) => {
        try {
          decodeGatewayMessage(each);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }),
    );
  });

  it('never carry a disk request', () => {
    const request = { id: 1, disk: 0, op: 'flush', sector: 0, sectors: 0 } as const;
    const disk = encodeOutput({ kind: 'disk', request });
    const bytes = Uint8Array.of(2, 3, 0, ...disk);
    expect(() => decodeGatewayMessage(bytes)).toThrow('a disk request');
  });

  it('of another version are named', () => {
    expect(() => decodeGatewayMessage(Uint8Array.of(9, 0))).toThrow('expected version 2');
  });
});
