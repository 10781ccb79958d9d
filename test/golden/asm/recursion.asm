; macros that call themselves
bits 32
; rmacro
%rmacro fact 1
 db %1
%if %1 > 1
 fact %1-1
%endif
%endmacro
 fact 4
