; floating-point numbers in all formats
bits 32
; floats
 db 1.5, -0.25, 100.0, 240.0, 1e-3
 dw 1.5, 65504.0, 6e-8, 1e-9, 3.14159
 dd 3.14159265358979, 1e38, 1.17549435e-38, 1e-40, 1e-46, 0.1, 0.0
 dq 3.14159265358979, 1e308, 2.2250738585072014e-308, 5e-324, 0.1, 123456789012345678.0
 dt 1.5, 3.14159265358979323846, 1e4000, 0.1, -2.0, 0.0, 1e-4940
 do 1.5, 0.1, 3.14159265358979323846264338327950288
 dd 0x1.8p1, 0x1p-10, 0h1.8p0, 0b1.1p3, 0o1.4p1, 0x.8p0, 0x1.8
 dq __Infinity__, -__Infinity__, __NaN__, __SNaN__
 dt __Infinity__, __NaN__, __SNaN__
 do __Infinity__
 dw __Infinity__, __NaN__
; fconst
 dd __float32__(1.5), __?float32?__(-2.5)
 dq __float64__(1.5)
 dw __?float16?__(1.5), __?bfloat16?__(1.5)
 db __float8__(1.5)
 dq __float80m__(1.5), __float128l__(0.1), __float128h__(0.1)
 dw __float80e__(-1.5)
 mov eax, __float32__(3.0)
 dd __float32__(__Infinity__)
; utf
 dw __utf16__('aé😀'), __utf16le__(`\u1234`), __utf16be__('ab')
 dd __utf32__('aé😀'), __?utf32be?__('ab')
 mov eax, __utf16__('ab')
 dd __utf16__('a')
 dw __utf32__('a')
; ilog
 dd __ilog2e__(1), __ilog2f__(5), __ilog2c__(5), __ilog2w__(8)
 dd __ilog2c__(0), __ilog2f__(0)
