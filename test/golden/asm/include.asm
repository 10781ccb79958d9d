; files within files
bits 32
%include "included.inc"
    db INCLUDED
%include 'included.inc'
    triple 3
    incbin "included.inc", 2, 5
    incbin "included.inc", 2000
    incbin "included.inc", 0, 3
    times 2 incbin "included.inc", 1, 2
