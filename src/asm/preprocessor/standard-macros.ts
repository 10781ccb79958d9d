/**
 * The macros that every source begins with, in the assembler's own language (NASM manual, 5 and 6).
 * What they need of the assembler itself are the primitive directives in brackets: `[absolute]`
 * lays out without bytes, `[sectalign]` raises a section's alignment, `[return]` goes back to the
 * section that the program last chose.
 */

import { type SourceLine, splitLines } from '../source.ts';

const TEXT = `
%imacro align 1-2+.nolist nop
  [sectalign %1]
  times (((%1) - (($-$$) %% (%1))) %% (%1)) %2
%endmacro

%imacro alignb 1-2+.nolist
  [sectalign %1]
  %ifempty %2
    resb (((%1) - (($-$$) %% (%1))) %% (%1))
  %else
    times (((%1) - (($-$$) %% (%1))) %% (%1)) %2
  %endif
%endmacro

%imacro struc 1-2.nolist 0
  %push struc
  %define %$name %1
  [absolute %2]
  %$name:
%endmacro

%imacro endstruc 0.nolist
  %ifnctx struc
    %error endstruc without struc
  %else
    %{$name}_size equ ($ - %$name)
    %pop
    [return]
  %endif
%endmacro

%imacro istruc 1.nolist
  %push istruc
  %define %$name %1
  %$start:
%endmacro

%imacro at 1-2+.nolist
  %ifnctx istruc
    %error at outside of istruc
  %else
    %defstr %$field %1
    %substr %$dot %$field 1
    %ifidn %$dot, '.'
      times (%{$name}%1 - %$name) - ($ - %$start) db 0
    %else
      times ((%1) - %$name) - ($ - %$start) db 0
    %endif
    %2
  %endif
%endmacro

%imacro iend 0.nolist
  %ifnctx istruc
    %error iend without istruc
  %else
    times %{$name}_size - ($ - %$start) db 0
    %pop
  %endif
%endmacro
`;

let lines: readonly SourceLine[] | undefined;

/** The lines of the standard macros. */
export function standardMacros(): readonly SourceLine[] {
  lines ??= splitLines('standard macros', TEXT);
  return lines;
}
