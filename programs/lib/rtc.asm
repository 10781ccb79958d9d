; rtc.asm: the time of day from the CMOS real-time clock.
;
;   rtc_seconds     → eax: seconds since midnight
;   append_time     append eax, seconds since midnight, to the text at edi as hh:mm:ss

%ifndef LIB_RTC
%define LIB_RTC
%include "lib/text.asm"

CMOS_INDEX      equ 0x70
CMOS_DATA       equ 0x71
RTC_SECONDS     equ 0
RTC_MINUTES     equ 2
RTC_HOURS       equ 4
RTC_STATUS_A    equ 10              ; bit 7: an update is on its way, registers may change
RTC_STATUS_B    equ 11              ; bit 2: numbers are binary, else BCD

section .text

rtc_seconds:
    push edx
.updating:
    mov al, RTC_STATUS_A
    out CMOS_INDEX, al
    in al, CMOS_DATA
    test al, 0x80
    jnz .updating
    mov al, RTC_HOURS
    call rtc_field
    imul edx, eax, 60
    mov al, RTC_MINUTES
    call rtc_field
    add edx, eax
    imul edx, edx, 60
    mov al, RTC_SECONDS
    call rtc_field
    add eax, edx
    pop edx
    ret

rtc_field:                          ; al: a register of the clock → eax: its number
    push ebx
    out CMOS_INDEX, al
    in al, CMOS_DATA
    mov bl, al
    mov al, RTC_STATUS_B
    out CMOS_INDEX, al
    in al, CMOS_DATA
    test al, 4
    mov al, bl
    jnz .binary
    shr al, 4                       ; BCD: one digit in each half of the byte
    imul eax, eax, 10
    and bl, 15
    add al, bl
.binary:
    movzx eax, al
    pop ebx
    ret

append_time:
    push edx
    push ecx
    push eax
    xor edx, edx
    mov ecx, 3600
    div ecx
    call append_two_digits
    mov byte [edi], ':'
    inc edi
    mov eax, edx
    xor edx, edx
    mov ecx, 60
    div ecx
    call append_two_digits
    mov byte [edi], ':'
    inc edi
    mov eax, edx
    call append_two_digits
    mov byte [edi], 0
    pop eax
    pop ecx
    pop edx
    ret

append_two_digits:                  ; eax below 100; changes eax
    push edx
    push ecx
    xor edx, edx
    mov ecx, 10
    div ecx
    mov ah, dl
    add eax, '00'
    stosw
    pop ecx
    pop edx
    ret

%endif
