; parameters of single-line macros, and what is done to them
bits 32
; define args
%define a(x) x+1
%define b(x,y) x+y
 db a(1), b(2,3)
%define c(x,=y) y
 db c(1, 5+5)
%undef c
%undef a
%undef b
; define greedy
%define g(x,y+) y
 db g(1,2,3)
%undef g
; define strparam
%define s(&x) x
 db s(abc)
%define t(&&x) x
 db t(abc)
%undef s
%undef t
; define evaluated
%define e(=x) x
%assign v 5
%define w e(v*2)
 db w
%undef v
%undef w
%undef e
; amp
%define q(&x) x
%define qq(&&x) x
%define v 5
 db q(v), q("s"), qq(v), qq("s"), q(a b), q('it''s')
%undef qq
%undef v
%undef q
; greedy
%define g(a,b+) %str(b)
 db g(1, 2, {3,4} )
%define h(=a,b+) a
 db h(1+1)
%undef g
%undef h
