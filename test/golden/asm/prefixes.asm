; prefixes
bits 32
    rep movsb
    repe cmpsd
    repne scasb
    repz cmpsb
    repnz scasd
    lock inc dword [eax]
    lock cmpxchg [ebx], ecx
    rep
    lock
    es movsb
    cs lodsd
    a16 movsb
    a16 loop $
    o16 nop
    times 3 rep stosd
    rep es movsb
fs mov al, [ebx]
