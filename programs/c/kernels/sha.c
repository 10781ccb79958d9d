/*
 * sha.c: SHA-256 (FIPS 180-4) of messages of 16 KiB. Rotations, additions and logic on words, many
 * more live values than registers.
 *
 * Byte i of the message is i modulo 256, but its first word is what the round before has returned,
 * the first word of a digest (at first zero); both words are big endian.
 */
#include "kernel.h"

enum { BLOCK_BYTES = 64, BLOCKS = 256, MESSAGE_BYTES = BLOCKS * BLOCK_BYTES };

const struct kernel kernel = {"sha", 3, 0x8eb3ab54};

static const unsigned constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const unsigned initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static unsigned char message[MESSAGE_BYTES + BLOCK_BYTES];

static unsigned rotate(unsigned x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static unsigned load(const unsigned char *at)
{
    return (unsigned)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void store(unsigned char *at, unsigned word)
{
    for (int i = 0; i < 4; i++) at[i] = word >> (24 - 8 * i);
}

/* One block into the digest; the names are those of FIPS 180-4, 6.2.2. */
static void digest_block(unsigned digest[8], const unsigned char *block)
{
    unsigned w[64];
    for (int t = 0; t < 16; t++) w[t] = load(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        unsigned s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        unsigned s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    unsigned a = digest[0], b = digest[1], c = digest[2], d = digest[3];
    unsigned e = digest[4], f = digest[5], g = digest[6], h = digest[7];
    for (int t = 0; t < 64; t++) {
        unsigned s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        unsigned t1 = h + s1 + ((e & f) ^ (~e & g)) + constants[t] + w[t];
        unsigned s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        unsigned t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    digest[0] += a, digest[1] += b, digest[2] += c, digest[3] += d;
    digest[4] += e, digest[5] += f, digest[6] += g, digest[7] += h;
}

unsigned run(unsigned n)
{
    for (unsigned i = 0; i < MESSAGE_BYTES; i++) message[i] = i;
    message[MESSAGE_BYTES] = 0x80; /* the padding: a one bit, zeros, the length in bits */
    store(message + MESSAGE_BYTES + BLOCK_BYTES - 4, MESSAGE_BYTES * 8);
    unsigned sum = 0;
    for (unsigned round = 0; round < n; round++) {
        unsigned digest[8];
        store(message, sum);
        for (int i = 0; i < 8; i++) digest[i] = initial[i];
        for (unsigned i = 0; i <= BLOCKS; i++) digest_block(digest, message + i * BLOCK_BYTES);
        sum = digest[0];
    }
    return sum;
}
