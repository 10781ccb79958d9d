/**
 * The part of the WebAssembly JavaScript interface that vmft uses (W3C, WebAssembly JavaScript
 * Interface). The compiler's own declarations come only together with those of a browser's
 * document, which the layers below the hosts must not see.
 */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }

  class Table {
    constructor(descriptor: { element: 'anyfunc'; initial: number; maximum?: number });
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value: unknown): void;
  }

  class Global {
    constructor(descriptor: { value: 'i32' | 'i64' | 'f64'; mutable?: boolean }, value?: unknown);
    value: unknown;
  }

  class Module {
    constructor(bytes: ArrayBuffer | Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }

  class CompileError extends Error {}
  class RuntimeError extends Error {}
}
