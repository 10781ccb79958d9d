/**
 * Addresses are strings throughout src/net, as people write them: a MAC address is
 * '52:54:00:12:34:56' in lower case, an IPv4 address '10.0.2.15' without leading zeros. Equal
 * addresses are equal strings, so that they compare with === and serve as keys.
 */

/** Six bytes in lower-case hexadecimal, separated by colons. */
export type MacAddress = string;

/** Four decimal numbers 0 … 255, separated by dots. */
export type Ipv4Address = string;

/** MAC address of a guest's network device. */
export const GUEST_MAC: MacAddress = '52:54:00:12:34:56';

/** Every station on the wire. */
export const BROADCAST_MAC: MacAddress = 'ff:ff:ff:ff:ff:ff';

/** "Not known yet", as ARP requests carry it. */
export const ZERO_MAC: MacAddress = '00:00:00:00:00:00';

/** Codes of characters: every frame has four addresses to read or write. */
const [DOT, DIGIT_0, LETTER_A] = [0x2e, 0x30, 0x61];

const MAC_PATTERN = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Whether `text` is a MAC address in the form used here. */
export function isMac(text: string): boolean {
  return MAC_PATTERN.test(text);
}

/** Whether `text` is an IPv4 address in the form used here. */
export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => Number(part) <= 255 && /^(0|[1-9]\d*)$/.test(part))
  );
}

/** Two digits for each byte. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The MAC address in the six bytes at `offset`, which must be there. */
export function readMac(bytes: Uint8Array, offset: number): MacAddress {
  let text = HEX[bytes[offset]!]!;
  for (let i = 1; i < 6; i++) text += `:${HEX[bytes[offset + i]!]}`;
  return text;
}

/** Writes a MAC address into the six bytes at `offset`. */
export function writeMac(bytes: Uint8Array, offset: number, mac: MacAddress): void {
  for (let i = 0; i < 6; i++)
    bytes[offset + i] = hexDigit(mac, 3 * i) * 16 + hexDigit(mac, 3 * i + 1);
}

/** The value of the digit 0 … 9 or a … f at `index`. */
function hexDigit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < LETTER_A ? code - DIGIT_0 : code - LETTER_A + 10;
}

/** The IPv4 address in the four bytes at `offset`, which must be there. */
export function readIpv4(bytes: Uint8Array, offset: number): Ipv4Address {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** Writes an IPv4 address into the four bytes at `offset`. */
export function writeIpv4(bytes: Uint8Array, offset: number, address: Ipv4Address): void {
  let [at, part] = [offset, 0];
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === DOT) {
      bytes[at++] = part;
      part = 0;
    } else {
      part = part * 10 + code - DIGIT_0;
    }
  }
  bytes[at] = part;
}
