; udp.asm: as much of ARP (RFC 826), IPv4 (RFC 791) and UDP (RFC 768) as a server needs that only
; ever answers. The address is 10.0.2.15, the one that QEMU's user network expects.
;
;   udp_open        listen at port eax
;   udp_receive     → esi: the next datagram's bytes, followed by a zero byte, ecx: their number.
;                   Sleeps until there is one; answers ARP questions meanwhile, drops all else
;   udp_reply       send the bytes from [udp_out] up to edi to where the last datagram came from

%ifndef LIB_UDP
%define LIB_UDP
%include "lib/net.asm"

ETHER_IPV4      equ 0x0008          ; numbers on the wire are big endian, and so are these
ETHER_ARP       equ 0x0608
ARP_REQUEST     equ 0x0100
ARP_REPLY       equ 0x0200
IP_UDP          equ 17
OUR_ADDRESS     equ 0x0F02000A      ; 10.0.2.15

ETHER_TYPE      equ 12              ; offsets in a frame: Ethernet header of 14 bytes,
ARP             equ 14              ; then ARP …
ARP_OPERATION   equ ARP + 6
ARP_SENDER      equ ARP + 8         ; hardware and protocol address
ARP_TARGET      equ ARP + 18
IP              equ 14              ; … or an IPv4 header of 20 bytes (more with options)
IP_LENGTH       equ IP + 2
IP_FRAGMENT     equ IP + 6
IP_PROTOCOL     equ IP + 9
IP_CHECKSUM     equ IP + 10
IP_SOURCE       equ IP + 12
IP_TARGET       equ IP + 16
UDP             equ 34              ; … then UDP: ports, length, checksum
UDP_DATA        equ 42

udp_out         equ frame_out + UDP_DATA

section .text

udp_open:
    xchg al, ah
    mov [udp_port], ax
    jmp net_open

udp_receive:
    push eax
    push ebx
.next:
    call frame_receive
    cmp word [esi + ETHER_TYPE], ETHER_ARP
    je .arp
    cmp ecx, UDP_DATA
    jb .next
    cmp word [esi + ETHER_TYPE], ETHER_IPV4
    jne .next
    cmp byte [esi + IP], 0x45       ; version 4, no options
    jne .next
    cmp byte [esi + IP_PROTOCOL], IP_UDP
    jne .next
    test word [esi + IP_FRAGMENT], 0xFF3F
    jnz .next
    cmp dword [esi + IP_TARGET], OUR_ADDRESS
    jne .next
    mov ax, [udp_port]
    cmp [esi + UDP + 2], ax
    jne .next
    movzx eax, word [esi + UDP + 4] ; length of UDP header and data
    xchg al, ah
    sub eax, UDP_DATA - UDP
    jb .next
    sub ecx, UDP_DATA
    cmp eax, ecx
    ja .next                        ; says more than there is
    mov ecx, eax
    call prepare_reply
    add esi, UDP_DATA
    mov byte [esi + ecx], 0
    pop ebx
    pop eax
    ret
.arp:
    call answer_arp
    jmp .next

; Turn the headers round while they are at hand: the reply goes to where the request came from.
prepare_reply:                      ; esi: the frame received
    call prepare_ethernet
    mov eax, [esi + IP_SOURCE]
    mov [frame_out + IP_TARGET], eax
    mov eax, [esi + UDP]
    rol eax, 16                     ; swap the ports
    mov [frame_out + UDP], eax
    ret

prepare_ethernet:
    push esi
    push edi
    push ecx
    mov ax, [esi + ETHER_TYPE]
    mov [frame_out + ETHER_TYPE], ax
    add esi, 6                      ; its source is our target
    mov edi, frame_out
    mov ecx, 6
    rep movsb
    mov esi, mac_address
    mov ecx, 6
    rep movsb
    pop ecx
    pop edi
    pop esi
    ret

answer_arp:
    cmp word [esi + ARP_OPERATION], ARP_REQUEST
    jne .done
    cmp dword [esi + ARP_TARGET + 6], OUR_ADDRESS
    jne .done
    call prepare_ethernet
    pusha
    mov eax, [esi + ARP]            ; kinds and lengths of addresses stay
    mov [frame_out + ARP], eax
    mov ax, [esi + ARP + 4]
    mov [frame_out + ARP + 4], ax
    mov word [frame_out + ARP_OPERATION], ARP_REPLY
    add esi, ARP_SENDER             ; who asked is the target of the answer
    mov edi, frame_out + ARP_TARGET
    mov ecx, 10
    rep movsb
    mov esi, mac_address            ; and the sender is who was asked for
    mov edi, frame_out + ARP_SENDER
    mov ecx, 6
    rep movsb
    mov dword [edi], OUR_ADDRESS
    mov ecx, ARP_TARGET + 10
    call frame_send
    popa
.done:
    ret

udp_reply:
    pusha
    mov eax, edi
    sub eax, frame_out + UDP
    xchg al, ah
    mov [frame_out + UDP + 4], ax
    mov word [frame_out + UDP + 6], 0       ; no checksum, which IPv4 allows

    mov dword [frame_out + IP], 0x45        ; version 4, five words; the length follows below
    mov eax, edi
    sub eax, frame_out + IP
    xchg al, ah
    mov [frame_out + IP_LENGTH], ax
    mov dword [frame_out + IP + 4], 0       ; never a fragment, so it needs no identification
    mov dword [frame_out + IP + 8], IP_UDP << 8 | 64    ; 64 hops, checksum 0 while it is computed
    mov dword [frame_out + IP_SOURCE], OUR_ADDRESS
    xor eax, eax                    ; the sum of ten words, carries added in again
    xor edx, edx
    mov ecx, 10
.sum:
    mov dx, [frame_out + IP + ecx*2 - 2]
    add eax, edx
    loop .sum
    mov edx, eax
    shr edx, 16
    add ax, dx
    adc ax, 0
    not ax
    mov [frame_out + IP_CHECKSUM], ax

    mov ecx, edi
    sub ecx, frame_out
    call frame_send
    popa
    ret

section .bss

udp_port: resw 1                    ; big endian, as in the frame

%endif
