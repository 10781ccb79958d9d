; operators and how they bind
bits 32
a equ 7
b equ -3
    dq 1 + 2 * 3, (1 + 2) * 3, 10 - 4 - 3, 100 / 7 * 3, 100 % 7 % 4
    dq -7 / 2, -7 // 2, -7 % 3, -7 %% 3, 7 // b, a %% b
    dq 1 << 4 + 1, -16 >> 2, -16 >>> 2, 3 <<< 2, 1 << 65, 1 >> 64
    dq 6 & 3 | 8 ^ 1, ~5, !5, !0, ~~5, !!5, - -5, -~5, +5
    dq 1 < 2, 2 < 1, 2 <= 2, 2 >= 3, 3 = 3, 3 == 4, 3 != 4, 3 <> 3, 2 <=> 1, 2 <=> 2
    dq 1 && 0, 1 || 0, 1 ^^ 1, 2 && 3, 0 || 0, 5 ^^ 0
    dq 1 + 2 == 3 && 4 > 3, 1 | 2 == 3, 4 & 6 == 4, 1 ? 2 : 3, 0 ? 2 : 3
    dq 0 ? 1 : 0 ? 2 : 3, 1 ? 0 ? 5 : 6 : 7, a > b ? a : b
    dq 0x7fffffffffffffff + 1, -0x8000000000000000 // 3, 0xffffffffffffffff * 0xffffffffffffffff
here:
    dd $ - $$, $ - here, here - $$, (end - here) / 4, end > here, here == $$
    dd $$ + 4, here + 4 - 2, 4 + here, here - (end - here), 2 * (end - here) + here
end:
