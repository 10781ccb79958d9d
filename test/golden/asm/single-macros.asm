; %define and its kin
bits 32
%define five 5
%define twice(x) ((x) * 2)
%define sum(a, b) (a + b)
%define sum(a) (a)
%define nothing
%define self self
%define ping pong
%define pong ping
%idefine CaseLess 9
    db five, twice(five), twice(sum(1, 2)), sum(4), nothing 7 nothing, caseless, CASELESS
self equ 3
ping equ 4
    db self, ping
%define late value
%xdefine early value0
%define value 1
%define value0 2
early0 equ 6
    db late
%xdefine kept five
%define five 55
    db kept, five
%undef five
five: db 1
%assign i 10
%assign i i + 1
    db i, -i
%assign i -i
    db i
%define paste(a, b) a %+ b
ab equ 12
    db paste(a, b), paste(1, 2)
%define pre x_
x_y equ 13
    db pre %+ y
%strlen n 'hello'
%substr c1 'hello' 2
%substr c2 'hello' 2, 3
%substr c3 'hello' 2, -1
%strcat joined 'ab', "cd", `\n`
%defstr spelled some text + 5
%deftok token '40 + 2'
    db n, c1, c2, c3, joined, spelled, token
%define address(r, n) [r + n * 4]
    mov eax, address(ebx, ecx)
    db %[i] + 1
    dd __LINE__
%define args() 77
    db args()
%define f(x) db x, x
    f('z')
%define list 1, 2, 3
    db list
%define ebp_slot(n) dword [ebp - 4 * (n)]
    mov ebp_slot(2), 7
