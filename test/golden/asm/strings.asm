; quotes, and the escapes of backquoted strings
bits 32
    db 'single "double" `back`', "double 'single'", 0
    db `tab\t newline\n return\r bell\a back\b form\f vertical\v escape\e null\0`
    db `hex \x41\x4 octal \101\7 quotes \' \" \` backslash \\ question \?`
    db `\u263a \U0001F600 é`, 'é;not a comment'
    db '', "", ``, 'a\nb'
    dw 'abc', `\xff`
    dd 'a', '', "hello"
