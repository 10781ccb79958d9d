/*
 * wire.h: numbers in packets. They have their high byte first (RFC 791, appendix B), lie at any
 * address, and are taken out and put in byte by byte.
 */
#ifndef WIRE_H
#define WIRE_H

static inline unsigned wire_get16(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

static inline unsigned wire_get32(const unsigned char *at)
{
    return wire_get16(at) << 16 | wire_get16(at + 2);
}

static inline void wire_put16(unsigned char *at, unsigned value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static inline void wire_put32(unsigned char *at, unsigned value)
{
    wire_put16(at, value >> 16);
    wire_put16(at + 2, value);
}

#endif
