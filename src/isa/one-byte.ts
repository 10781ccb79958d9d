/**
 * The one-byte opcode map (volume 2, table A-2, and groups 1 to 5 and 11 of table A-6), in the
 * notation that table.ts explains. To be read beside the manual.
 */

/** The rows, in ascending order of their opcodes; table.ts says how to read them. */
export const ONE_BYTE = `
; opcode  mnemonic operands     CPAZSO  attributes
  00      add      Eb,Gb        wwwwww  lock
  01      add      Ev,Gv        wwwwww  lock
  02      add      Gb,Eb        wwwwww
  03      add      Gv,Ev        wwwwww
  04      add      AL,Ib        wwwwww
  05      add      eAX,Iz       wwwwww
  06      push     ES           ......
  07      pop      ES           ......
  08      or       Eb,Gb        wwuwww  lock
  09      or       Ev,Gv        wwuwww  lock
  0A      or       Gb,Eb        wwuwww
  0B      or       Gv,Ev        wwuwww
  0C      or       AL,Ib        wwuwww
  0D      or       eAX,Iz       wwuwww
  0E      push     CS           ......
  10      adc      Eb,Gb        bwwwww  lock
  11      adc      Ev,Gv        bwwwww  lock
  12      adc      Gb,Eb        bwwwww
  13      adc      Gv,Ev        bwwwww
  14      adc      AL,Ib        bwwwww
  15      adc      eAX,Iz       bwwwww
  16      push     SS           ......
  17      pop      SS           ......
  18      sbb      Eb,Gb        bwwwww  lock
  19      sbb      Ev,Gv        bwwwww  lock
  1A      sbb      Gb,Eb        bwwwww
  1B      sbb      Gv,Ev        bwwwww
  1C      sbb      AL,Ib        bwwwww
  1D      sbb      eAX,Iz       bwwwww
  1E      push     DS           ......
  1F      pop      DS           ......
  20      and      Eb,Gb        wwuwww  lock
  21      and      Ev,Gv        wwuwww  lock
  22      and      Gb,Eb        wwuwww
  23      and      Gv,Ev        wwuwww
  24      and      AL,Ib        wwuwww
  25      and      eAX,Iz       wwuwww
  27      daa      -            bwbwwu
  28      sub      Eb,Gb        wwwwww  lock
  29      sub      Ev,Gv        wwwwww  lock
  2A      sub      Gb,Eb        wwwwww
  2B      sub      Gv,Ev        wwwwww
  2C      sub      AL,Ib        wwwwww
  2D      sub      eAX,Iz       wwwwww
  2F      das      -            bwbwwu
  30      xor      Eb,Gb        wwuwww  lock
  31      xor      Ev,Gv        wwuwww  lock
  32      xor      Gb,Eb        wwuwww
  33      xor      Gv,Ev        wwuwww
  34      xor      AL,Ib        wwuwww
  35      xor      eAX,Iz       wwuwww
  37      aaa      -            wubuuu
  38      cmp      Eb,Gb        wwwwww
  39      cmp      Ev,Gv        wwwwww
  3A      cmp      Gb,Eb        wwwwww
  3B      cmp      Gv,Ev        wwwwww
  3C      cmp      AL,Ib        wwwwww
  3D      cmp      eAX,Iz       wwwwww
  3F      aas      -            wubuuu
  40+r    inc      Zv           .wwwww
  48+r    dec      Zv           .wwwww
  50+r    push     Zv           ......
  58+r    pop      Zv           ......
  60      pusha    -            ......
  61      popa     -            ......
  62      bound    Gv,Ma        ......
  68      push     Iz           ......
  69      imul     Gv,Ev,Iz     wuuuuw
  6A      push     Ibs          ......
  6B      imul     Gv,Ev,Ibs    wuuuuw
  6C      ins      Yb,DX        ......  rep
  6D      ins      Yv,DX        ......  rep
  6E      outs     DX,Xb        ......  rep
  6F      outs     DX,Xv        ......  rep
  70+cc   j        Jb           cond
  80/0    add      Eb,Ib        wwwwww  lock
  80/1    or       Eb,Ib        wwuwww  lock
  80/2    adc      Eb,Ib        bwwwww  lock
  80/3    sbb      Eb,Ib        bwwwww  lock
  80/4    and      Eb,Ib        wwuwww  lock
  80/5    sub      Eb,Ib        wwwwww  lock
  80/6    xor      Eb,Ib        wwuwww  lock
  80/7    cmp      Eb,Ib        wwwwww
  81/0    add      Ev,Iz        wwwwww  lock
  81/1    or       Ev,Iz        wwuwww  lock
  81/2    adc      Ev,Iz        bwwwww  lock
  81/3    sbb      Ev,Iz        bwwwww  lock
  81/4    and      Ev,Iz        wwuwww  lock
  81/5    sub      Ev,Iz        wwwwww  lock
  81/6    xor      Ev,Iz        wwuwww  lock
  81/7    cmp      Ev,Iz        wwwwww
  82/0    add      Eb,Ib        wwwwww  lock alias
  82/1    or       Eb,Ib        wwuwww  lock alias
  82/2    adc      Eb,Ib        bwwwww  lock alias
  82/3    sbb      Eb,Ib        bwwwww  lock alias
  82/4    and      Eb,Ib        wwuwww  lock alias
  82/5    sub      Eb,Ib        wwwwww  lock alias
  82/6    xor      Eb,Ib        wwuwww  lock alias
  82/7    cmp      Eb,Ib        wwwwww  alias
  83/0    add      Ev,Ibs       wwwwww  lock
  83/1    or       Ev,Ibs       wwuwww  lock
  83/2    adc      Ev,Ibs       bwwwww  lock
  83/3    sbb      Ev,Ibs       bwwwww  lock
  83/4    and      Ev,Ibs       wwuwww  lock
  83/5    sub      Ev,Ibs       wwwwww  lock
  83/6    xor      Ev,Ibs       wwuwww  lock
  83/7    cmp      Ev,Ibs       wwwwww
  84      test     Eb,Gb        wwuwww
  85      test     Ev,Gv        wwuwww
  86      xchg     Eb,Gb        ......  lock
  87      xchg     Ev,Gv        ......  lock
  88      mov      Eb,Gb        ......
  89      mov      Ev,Gv        ......
  8A      mov      Gb,Eb        ......
  8B      mov      Gv,Ev        ......
  8C      mov      Rv/Mw,Sw     ......
  8D      lea      Gv,M         ......
  8E      mov      Sw,Ew        ......
  8F/0    pop      Ev           ......
  F3:90   pause    -            ......
  90      nop      -            ......
  90+r    xchg     Zv,eAX       ......
  98      cbw      -            ......
  99      cwd      -            ......
  9A      callf    Ap           ......
  9C      pushf    -            tttttt
  9D      popf     -            wwwwww
  9E      sahf     -            wwwww.
  9F      lahf     -            ttttt.
  A0      mov      AL,Ob        ......
  A1      mov      eAX,Ov       ......
  A2      mov      Ob,AL        ......
  A3      mov      Ov,eAX       ......
  A4      movs     Yb,Xb        ......  rep
  A5      movs     Yv,Xv        ......  rep
  A6      cmps     Xb,Yb        wwwwww  repcc
  A7      cmps     Xv,Yv        wwwwww  repcc
  A8      test     AL,Ib        wwuwww
  A9      test     eAX,Iz       wwuwww
  AA      stos     Yb,AL        ......  rep
  AB      stos     Yv,eAX       ......  rep
  AC      lods     AL,Xb        ......  rep
  AD      lods     eAX,Xv       ......  rep
  AE      scas     AL,Yb        wwwwww  repcc
  AF      scas     eAX,Yv       wwwwww  repcc
  B0+r    mov      Zb,Ib        ......
  B8+r    mov      Zv,Iz        ......
  C0/0    rol      Eb,Ib        w....u
  C0/1    ror      Eb,Ib        w....u
  C0/2    rcl      Eb,Ib        b....u
  C0/3    rcr      Eb,Ib        b....u
  C0/4    shl      Eb,Ib        wwuwwu
  C0/5    shr      Eb,Ib        wwuwwu
  C0/6    shl      Eb,Ib        wwuwwu  alias
  C0/7    sar      Eb,Ib        wwuwwu
  C1/0    rol      Ev,Ib        w....u
  C1/1    ror      Ev,Ib        w....u
  C1/2    rcl      Ev,Ib        b....u
  C1/3    rcr      Ev,Ib        b....u
  C1/4    shl      Ev,Ib        wwuwwu
  C1/5    shr      Ev,Ib        wwuwwu
  C1/6    shl      Ev,Ib        wwuwwu  alias
  C1/7    sar      Ev,Ib        wwuwwu
  C2      ret      Iw           ......
  C3      ret      -            ......
  C4      les      Gv,Mp        ......
  C5      lds      Gv,Mp        ......
  C6/0    mov      Eb,Ib        ......
  C7/0    mov      Ev,Iz        ......
  C8      enter    Iw,Ib        ......
  C9      leave    -            ......
  CA      retf     Iw           ......
  CB      retf     -            ......
  CC      int3     -            tttttt
  CD      int      Ib           tttttt
  CE      into     -            tttttt
  CF      iret     -            wwwwww
  D0/0    rol      Eb,1         w....w
  D0/1    ror      Eb,1         w....w
  D0/2    rcl      Eb,1         b....w
  D0/3    rcr      Eb,1         b....w
  D0/4    shl      Eb,1         wwuwww
  D0/5    shr      Eb,1         wwuwww
  D0/6    shl      Eb,1         wwuwww  alias
  D0/7    sar      Eb,1         wwuwww
  D1/0    rol      Ev,1         w....w
  D1/1    ror      Ev,1         w....w
  D1/2    rcl      Ev,1         b....w
  D1/3    rcr      Ev,1         b....w
  D1/4    shl      Ev,1         wwuwww
  D1/5    shr      Ev,1         wwuwww
  D1/6    shl      Ev,1         wwuwww  alias
  D1/7    sar      Ev,1         wwuwww
  D2/0    rol      Eb,CL        w....u
  D2/1    ror      Eb,CL        w....u
  D2/2    rcl      Eb,CL        b....u
  D2/3    rcr      Eb,CL        b....u
  D2/4    shl      Eb,CL        wwuwwu
  D2/5    shr      Eb,CL        wwuwwu
  D2/6    shl      Eb,CL        wwuwwu  alias
  D2/7    sar      Eb,CL        wwuwwu
  D3/0    rol      Ev,CL        w....u
  D3/1    ror      Ev,CL        w....u
  D3/2    rcl      Ev,CL        b....u
  D3/3    rcr      Ev,CL        b....u
  D3/4    shl      Ev,CL        wwuwwu
  D3/5    shr      Ev,CL        wwuwwu
  D3/6    shl      Ev,CL        wwuwwu  alias
  D3/7    sar      Ev,CL        wwuwwu
  D4      aam      Ib           uwuwwu
  D5      aad      Ib           uwuwwu
  D6      salc     -            t.....
  D7      xlatb    -            ......
  E0      loopne   Jb           ...t..
  E1      loope    Jb           ...t..
  E2      loop     Jb           ......
  E3      jecxz    Jb           ......
  E4      in       AL,Ib        ......
  E5      in       eAX,Ib       ......
  E6      out      Ib,AL        ......
  E7      out      Ib,eAX       ......
  E8      call     Jz           ......
  E9      jmp      Jz           ......
  EA      jmpf     Ap           ......
  EB      jmp      Jb           ......
  EC      in       AL,DX        ......
  ED      in       eAX,DX       ......
  EE      out      DX,AL        ......
  EF      out      DX,eAX       ......
  F1      int1     -            tttttt
  F4      hlt      -            ......
  F5      cmc      -            b.....
  F6/0    test     Eb,Ib        wwuwww
  F6/1    test     Eb,Ib        wwuwww  alias
  F6/2    not      Eb           ......  lock
  F6/3    neg      Eb           wwwwww  lock
  F6/4    mul      Eb           wuuuuw
  F6/5    imul     Eb           wuuuuw
  F6/6    div      Eb           uuuuuu
  F6/7    idiv     Eb           uuuuuu
  F7/0    test     Ev,Iz        wwuwww
  F7/1    test     Ev,Iz        wwuwww  alias
  F7/2    not      Ev           ......  lock
  F7/3    neg      Ev           wwwwww  lock
  F7/4    mul      Ev           wuuuuw
  F7/5    imul     Ev           wuuuuw
  F7/6    div      Ev           uuuuuu
  F7/7    idiv     Ev           uuuuuu
  F8      clc      -            w.....
  F9      stc      -            w.....
  FA      cli      -            ......
  FB      sti      -            ......
  FC      cld      -            ......
  FD      std      -            ......
  FE/0    inc      Eb           .wwwww  lock
  FE/1    dec      Eb           .wwwww  lock
  FF/0    inc      Ev           .wwwww  lock
  FF/1    dec      Ev           .wwwww  lock
  FF/2    call     Ev           ......
  FF/3    callf    Mp           ......
  FF/4    jmp      Ev           ......
  FF/5    jmpf     Mp           ......
  FF/6    push     Ev           ......
`;
