; functions of the preprocessor
bits 32
; num
 db %num(255,4,16), %num(5,0), %num(-5), %num(0,3), %num(300,2), %num(10,-5,16), %num(35,4,36)
; str
%define x 5
 db %str(x y), %str( a ), %str("q"), %str('a"b'), %str({a,b})
%undef x
; strcat
%strcat s "abc", 'def', `\n`
 db s
%undef s
; tok
%define i %tok("mov eax, 5")
 i
 db %count(), %count(,), %count(a,b,{c,d})
 db %cond(1,{1,2},3), %cond(0,1,2), %cond(0,1)
 db %is(5>3), %isnum(5), %isn(0), %isidn(a,b), %isnidn(a,b), %isdef(x), %isempty(), %isid(abc), %isstr("a"), %istoken(a b)
 db %abs(-3), %eval(2*3)
%undef i
; eval str
%xdefine s %str(%eval(1+2))
 db s
%undef s
; func in directive
%if %isdef(foo)
 db 1
%else
 db 2
%endif
%assign n %strlen("abcd")
 db n
%undef n
