/*
 * matrix.c: products of matrices of 48 × 48 numbers modulo 2^32. Multiplications, and loads along
 * rows and columns.
 */
#include "kernel.h"

enum { SIDE = 48 };

const struct kernel kernel = {"matrix", 4, 0xac851e41};

static unsigned left[SIDE][SIDE];
static unsigned right[SIDE][SIDE];
static unsigned product[SIDE][SIDE];

static void multiply(void)
{
    for (unsigned row = 0; row < SIDE; row++)
        for (unsigned column = 0; column < SIDE; column++) {
            unsigned sum = 0;
            for (unsigned i = 0; i < SIDE; i++) sum += left[row][i] * right[i][column];
            product[row][column] = sum;
        }
}

/* The product becomes the left matrix of the next round, turned and disturbed. */
static unsigned turn(unsigned sum)
{
    for (unsigned row = 0; row < SIDE; row++)
        for (unsigned column = 0; column < SIDE; column++) {
            sum = (sum << 1 | sum >> 31) ^ product[row][column];
            left[column][row] = product[row][column] + row;
        }
    return sum;
}

unsigned run(unsigned n)
{
    unsigned x = 1;
    for (unsigned row = 0; row < SIDE; row++)
        for (unsigned column = 0; column < SIDE; column++) {
            left[row][column] = x = next_random(x);
            right[row][column] = x = next_random(x);
        }
    unsigned sum = 0;
    for (unsigned round = 0; round < n; round++) {
        multiply();
        sum = turn(sum);
    }
    return sum;
}
