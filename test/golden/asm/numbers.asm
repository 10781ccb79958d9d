; every way to write a number
bits 32
    dd 200, 0200, 0200d, 0d200, 200t, 0t200
    dd 0c8h, $0c8, 0xc8, 0hc8, 0x_c8, 1_000_000
    dd 310q, 310o, 0o310, 0q310
    dd 11001000b, 1100_1000b, 0b1100_1000, 11001000y, 0y1100_1000
    dd 0b1h, 0d1h, 0b, 0d, 0h
    dq 0xffffffffffffffff, -1, 18446744073709551615, 0x8000000000000000
    db 'a', 'ab' & 255, "a"+1
    dw 'a', 'ab', 'abc'
    dd 'abcd', 'abc', 'a', 'abcde'
    dq 'abcdefgh', 'abcdefghi', 'ab' + 0
    dd 1.5, -1.5e3, 1., 1e10, 0.1
    dq 1.5, 1e-300, -0.0, 3.141592653589793
