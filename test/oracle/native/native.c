/*
 * The processor of this very machine behind the pipe of `vmft vectors` (src/cli/vectors-line.ts has
 * the format): reads the same T and B lines, executes each test, answers with the same R lines.
 *
 * A 32-bit Linux program without libc, linked high, with the guest's RAM mapped from address 0 on
 * (root only: vm.mmap_min_addr). The signal handler is the main loop. Every instruction of a test is
 * single-stepped by the trap flag; the signal that ends a step, or an exception, brings us back with
 * vector, error code and registers in the signal frame. Returning from the handler loads all
 * registers at once: to go on, or to begin the next test.
 *
 * The guest cannot harm us. Its segments (modify_ldt) end where its RAM ends, so that nothing else
 * can be touched: an access outside RAM is #GP or #SS here. A seccomp filter takes system calls from
 * our own text only.
 *
 * What differs from a bare machine: ring 3, so that privileged instructions raise #GP, and popf and
 * iret leave IF and IOPL alone; segment registers hold other selectors. Of flags pushed by pushf
 * only those that a test can set are kept.
 *
 * Under qemu-i386 (`emulated`) the same program tells what that emulator does. There are no segment
 * limits, so a test must not leave RAM; no seccomp, so that a system call is refused before it is
 * executed; and no vectors in signal frames, so that the signal and the opcode have to tell them.
 *
 *   native RAM_KILOBYTES [emulated]
 */
#include <asm/ldt.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum { MAX_RAM = 1 << 20, INPUT = 4 << 20, OUTPUT = 1 << 20, MAX_RUNS = 1 << 14 };
enum { CF = 1, ONE = 2, TF = 0x100, IF = 0x200, SHOWN = 0xcd5 };
enum { DE = 0, DB = 1, BP = 3, OF = 4, BR = 5, UD = 6, GP = 13, PF = 14 };
/* si_code of a signal that no address belongs to. */
enum { FROM_KERNEL = 0x80 };

/* Selectors of the local descriptor table, ring 3: code is entry 0, data entry 1. */
enum { GUEST_CODE = 0x07, GUEST_DATA = 0x0f };

typedef u32 vec __attribute__((vector_size(16)));

static u32 ram_bytes;
/* What RAM goes back to after a test, and what it was when the test began. */
static u8 background[MAX_RAM] __attribute__((aligned(4096)));
static u8 before[MAX_RAM] __attribute__((aligned(4096)));
static char input[INPUT];
static u32 input_at, input_end;
static char output[OUTPUT];
static u32 output_end;
static u8 signal_stack[1 << 16] __attribute__((aligned(4096)));

/* The present test. */
static const char *id;
static u32 id_length, steps, rep_counts_once, retired;
static struct { u32 address, size; } own[MAX_RUNS];
static u32 own_count;
/* The instruction being stepped. */
static u32 step_eip;
static int step_repeats, step_pushes_flags, step_pushes_wide, step_opcode, step_calls_system;
static int running, emulated;

extern const char __executable_start[], etext[];

static int call(int number, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	int result;
	asm volatile("int $0x80" : "=a"(result)
		: "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}

/* mmap2 has six arguments, the last in ebp. */
static u32 map_low(u32 bytes)
{
	u32 result;
	asm volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp" : "=a"(result)
		: "a"(__NR_mmap2), "b"(0), "c"(bytes), "d"(PROT_READ | PROT_WRITE | PROT_EXEC),
		  "S"(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED), "D"(-1) : "memory");
	return result;
}

static void leave(int status)
{
	for (;;)
		call(__NR_exit_group, status, 0, 0, 0, 0);
}

static void refuse(const char *why)
{
	u32 size = 0;
	while (why[size])
		size++;
	call(__NR_write, 2, (u32)why, size, 0, 0);
	leave(5);
}

void *memcpy(void *to, const void *from, u32 size)
{
	void *t = to;
	asm volatile("rep movsb" : "+D"(t), "+S"(from), "+c"(size) : : "memory");
	return to;
}

void *memset(void *to, int value, u32 size)
{
	void *t = to;
	asm volatile("rep stosb" : "+D"(t), "+c"(size) : "a"(value) : "memory");
	return to;
}

/* Output */

static void flush(void)
{
	for (u32 at = 0; at < output_end;) {
		int n = call(__NR_write, 1, (u32)(output + at), output_end - at, 0, 0);
		if (n <= 0)
			leave(5);
		at += n;
	}
	output_end = 0;
}

static void put_char(char c)
{
	if (output_end == OUTPUT)
		flush();
	output[output_end++] = c;
}

static void put(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_hex(u32 value)
{
	int shift = 28;
	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_char("0123456789abcdef"[value >> shift & 15]);
}

static void put_byte(u8 value)
{
	put_char("0123456789abcdef"[value >> 4]);
	put_char("0123456789abcdef"[value & 15]);
}

static void put_id(void)
{
	for (u32 i = 0; i < id_length; i++)
		put_char(id[i]);
}

static void refuse_line(const char *why)
{
	put("E ");
	put_id();
	put_char(' ');
	put(why);
	put_char('\n');
}

/* Input */

/* The next line, ended by a zero; leaves the program at the end of the input. */
static char *next_line(void)
{
	u32 scanned = input_at;
	for (;;) {
		for (; scanned < input_end; scanned++) {
			if (input[scanned] == '\n') {
				char *line = input + input_at;
				input[scanned] = 0;
				input_at = scanned + 1;
				return line;
			}
		}
		flush();
		u32 left = input_end - input_at;
		if (input_at > 0) {
			for (u32 i = 0; i < left; i++)
				input[i] = input[input_at + i];
			input_at = 0;
			input_end = scanned = left;
		}
		if (left == INPUT)
			refuse("native: a line is too long\n");
		int n = call(__NR_read, 0, (u32)(input + left), INPUT - left, 0, 0);
		if (n <= 0)
			leave(n == 0 ? 0 : 5);
		input_end += n;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static u32 number(char **at)
{
	u32 value = 0;
	for (int d; (d = digit(**at)) >= 0; (*at)++)
		value = value << 4 | d;
	return value;
}

/* Is the field at *at called name (with its =)? Then *at moves behind it. */
static int named(char **at, const char *name)
{
	char *a = *at;
	for (; *name; a++, name++)
		if (*a != *name)
			return 0;
	*at = a;
	return 1;
}

/* ADDR:BYTES,… into RAM and `before`, and for a B line into the background. Zero if wrong. */
static int memory(char **at, int keep)
{
	do {
		u32 address = number(at);
		if (*(*at)++ != ':')
			return 0;
		u32 start = address;
		for (int high; (high = digit(**at)) >= 0; (*at) += 2, address++) {
			int low = digit((*at)[1]);
			if (low < 0 || address >= ram_bytes)
				return 0;
			u8 byte = high << 4 | low;
			*(volatile u8 *)address = before[address] = byte;
			if (keep)
				background[address] = byte;
		}
		if (!keep) {
			if (own_count == MAX_RUNS)
				return 0;
			own[own_count].address = start;
			own[own_count++].size = address - start;
		}
	} while (**at == ',' && (*at)++);
	return **at == ' ' || **at == 0;
}

/* The fields of a T line behind its ID. Zero if one of them is wrong. */
static int fields(char *at, struct sigcontext_32 *c)
{
	u32 *const places[] = { &c->ax, &c->cx, &c->dx, &c->bx, &c->sp, &c->bp, &c->si, &c->di,
		&c->ip, &c->flags, &steps, &rep_counts_once };
	static const char *const names[] = { "eax=", "ecx=", "edx=", "ebx=", "esp=", "ebp=", "esi=",
		"edi=", "eip=", "efl=", "n=", "rep=" };
	for (u32 i = 0; i < 12; i++)
		*places[i] = 0;
	steps = 1;
	while (*at == ' ') {
		u32 i = 0;
		at++;
		if (named(&at, "mem=")) {
			if (!memory(&at, 0))
				return 0;
			continue;
		}
		while (i < 12 && !named(&at, names[i]))
			i++;
		if (i == 12)
			return 0;
		*places[i] = number(&at);
	}
	return *at == 0 && steps > 0;
}

/* Stepping */

/* Looks at the instruction about to be executed, whose bytes it may itself overwrite. */
static void look(u32 eip)
{
	step_eip = eip;
	step_repeats = step_pushes_flags = step_opcode = step_calls_system = 0;
	step_pushes_wide = 1;
	int repeat = 0;
	for (u32 at = eip; at < ram_bytes && at < eip + 14; at++) {
		u8 byte = *(volatile u8 *)at;
		if (byte == 0xf2 || byte == 0xf3) {
			repeat = 1;
		} else if (byte == 0x66) {
			step_pushes_wide = 0;
		} else if (byte != 0x67 && byte != 0xf0 && (byte & 0xe7) != 0x26 && (byte & 0xfe) != 0x64) {
			step_repeats = repeat && ((byte >= 0xa4 && byte <= 0xa7)
				|| (byte >= 0xaa && byte <= 0xaf) || (byte >= 0x6c && byte <= 0x6f));
			step_pushes_flags = byte == 0x9c;
			step_opcode = byte;
			/* int 0x80, syscall, sysenter. */
			u8 next = at + 1 < ram_bytes ? *(volatile u8 *)(at + 1) : 0;
			step_calls_system = (byte == 0xcd && next == 0x80)
				|| (byte == 0x0f && (next == 0x05 || next == 0x34));
			return;
		}
	}
}

static void put_back(void)
{
	for (u32 at = 0; at < ram_bytes; at += 64) {
		const vec *a = (const vec *)at, *b = (const vec *)(before + at);
		vec d = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
		if (d[0] | d[1] | d[2] | d[3])
			memcpy((void *)at, before + at, 64);
	}
	for (u32 i = 0; i < own_count; i++) {
		u32 address = own[i].address;
		memcpy((void *)address, background + address, own[i].size);
		memcpy(before + address, background + address, own[i].size);
	}
	own_count = 0;
}

static void put_changes(void)
{
	u32 end = -1;
	int any = 0;
	for (u32 base = 0; base < ram_bytes; base += 64) {
		const vec *a = (const vec *)base, *b = (const vec *)(before + base);
		vec d = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
		if (!(d[0] | d[1] | d[2] | d[3]))
			continue;
		for (u32 at = base; at < base + 64; at++) {
			u8 byte = *(volatile u8 *)at;
			if (byte == before[at])
				continue;
			if (at != end) {
				put(any ? "," : " mem=");
				put_hex(at);
				put_char(':');
			}
			put_byte(byte);
			any = 1;
			end = at + 1;
		}
	}
}

static void put_fault(const struct sigcontext_32 *c)
{
	static const char names[][3] = { "DE", "DB", "NM", "BP", "OF", "BR", "UD", "NM", "DF", "09",
		"TS", "NP", "SS", "GP", "PF", "0f", "MF", "AC" };
	put(c->trapno < 18 ? names[c->trapno] : "??");
	if (c->trapno == 8 || (c->trapno >= 10 && c->trapno <= 14) || c->trapno == 17) {
		put(" err=");
		put_hex(c->err);
	}
	if (c->trapno == PF) {
		put(" cr2=");
		put_hex(c->cr2);
	}
}

static void answer(const struct sigcontext_32 *c, int faulted)
{
	const u32 values[] = { c->ax, c->cx, c->dx, c->bx, c->sp, c->bp, c->si, c->di, c->ip,
		(c->flags & SHOWN) | ONE };
	static const char *const names[] = { " eax=", " ecx=", " edx=", " ebx=", " esp=", " ebp=",
		" esi=", " edi=", " eip=", " efl=" };
	put("R ");
	put_id();
	put(" n=");
	put_hex(retired);
	put(" fault=");
	if (faulted)
		put_fault(c);
	else
		put_char('-');
	for (int i = 0; i < 10; i++) {
		put(names[i]);
		put_hex(values[i]);
	}
	put_changes();
	put_char('\n');
}

/* The vector that a signal stands for, where the frame does not hold it. */
static u32 vector_of(int signal, const siginfo_t *info, const struct sigcontext_32 *c)
{
	switch (signal) {
	case SIGTRAP:
		return info->si_code == FROM_KERNEL ? BP : DB;
	case SIGILL:
		return UD;
	case SIGFPE:
		return DE;
	}
	if (info->si_code != FROM_KERNEL)
		return PF;
	if ((step_opcode == 0xce || step_opcode == 0xcd) && c->ip != step_eip)
		return OF;
	return step_opcode == 0x62 ? BR : GP;
}

/* Lays out the next test in the signal frame. */
static void begin(struct sigcontext_32 *c)
{
	for (;;) {
		char *line = next_line();
		char *at = line;
		id = "-";
		id_length = 1;
		if (*line == 0)
			continue;
		if (named(&at, "B mem=")) {
			if (!memory(&at, 1))
				refuse_line("cannot read this background");
			continue;
		}
		if (!named(&at, "T ")) {
			refuse_line("expected T or B");
			continue;
		}
		id = at;
		while (*at > ' ')
			at++;
		id_length = at - id;
		if (fields(at, c))
			break;
		refuse_line("cannot read this line");
		put_back();
	}
	c->cs = GUEST_CODE;
	c->ds = c->es = c->ss = c->fs = c->gs = GUEST_DATA;
	c->flags = (c->flags & SHOWN) | ONE | IF | TF;
	retired = 0;
	running = 1;
	look(c->ip);
}

/* One step has ended. Nonzero if the test has, too. */
static int stepped(struct sigcontext_32 *c)
{
	if (step_pushes_flags && step_pushes_wide && c->sp <= ram_bytes - 4)
		*(volatile u32 *)c->sp = (*(volatile u32 *)c->sp & SHOWN) | ONE;
	else if (step_pushes_flags && c->sp <= ram_bytes - 2)
		*(volatile u16 *)c->sp = (*(volatile u16 *)c->sp & SHOWN) | ONE;
	if (!(rep_counts_once && step_repeats && c->ip == step_eip))
		retired++;
	if (retired == steps)
		return 1;
	c->flags = (c->flags & SHOWN) | ONE | IF | TF;
	look(c->ip);
	return 0;
}

/* The emulator aligns the stack less than put_back's vectors want it, and leaves DF as it was. */
__attribute__((force_align_arg_pointer))
static void handler(int number, siginfo_t *info, struct ucontext *context)
{
	struct sigcontext_32 *c = (struct sigcontext_32 *)&context->uc_mcontext;
	asm volatile("cld");
	if (running && number != SIGSYS && (c->cs & 0xffff) != GUEST_CODE)
		refuse("native: the test has left its code segment\n");
	if (emulated) {
		c->trapno = vector_of(number, info, c);
		c->cr2 = (u32)info->si_addr;
	}
	if (running && number == SIGSYS) {
		refuse_line("a system call");
	} else if (running && number == SIGTRAP && c->trapno == DB) {
		int ended = stepped(c);
		if (!ended && !(emulated && step_calls_system))
			return;
		if (ended)
			answer(c, 0);
		else
			refuse_line("a system call");
	} else if (running) {
		retired += c->trapno == BP || c->trapno == OF;
		answer(c, 1);
	}
	if (running)
		put_back();
	begin(c);
	while (emulated && step_calls_system) {
		refuse_line("a system call");
		put_back();
		begin(c);
	}
}

asm(".text\nrestorer: movl $173, %eax\nint $0x80\n");
extern void restorer(void);

static void set_up_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
	/* As the kernel's 32-bit calls take it: handler, flags, restorer, mask. */
	struct { u32 handler, flags, restorer, mask[2]; } action = { (u32)handler,
		SA_SIGINFO | SA_ONSTACK | SA_RESTORER, (u32)restorer, { 0, 0 } };
	struct { u32 stack, flags, size; } stack = { (u32)signal_stack, 0, sizeof signal_stack };
	call(__NR_sigaltstack, (u32)&stack, 0, 0, 0, 0);
	for (u32 i = 0; i < sizeof numbers / sizeof *numbers; i++)
		call(__NR_rt_sigaction, numbers[i], (u32)&action, 0, 8, 0);
}

static void set_up_segments(void)
{
	struct user_desc code = { .entry_number = 0, .limit = (ram_bytes >> 12) - 1, .seg_32bit = 1,
		.contents = MODIFY_LDT_CONTENTS_CODE, .limit_in_pages = 1, .useable = 1 };
	struct user_desc data = code;
	data.entry_number = 1;
	data.contents = MODIFY_LDT_CONTENTS_DATA;
	if (call(__NR_modify_ldt, 1, (u32)&code, sizeof code, 0, 0)
	    || call(__NR_modify_ldt, 1, (u32)&data, sizeof data, 0, 0))
		refuse("native: the kernel has no modify_ldt\n");
}

/* System calls are for instructions between our first and last byte of text. */
static void set_up_filter(void)
{
	const u32 at = __builtin_offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, __builtin_offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (u32)__executable_start, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (u32)etext, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct { u16 length; struct sock_filter *filter; } filter
		= { sizeof program / sizeof *program, program };
	if (call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	    || call(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (u32)&filter, 0, 0))
		refuse("native: the kernel has no seccomp filters\n");
}

static void start(const u32 *stack)
{
	const char *at = stack[0] > 1 ? (const char *)stack[2] : "256";
	emulated = stack[0] > 2;
	u32 kilobytes = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		kilobytes = kilobytes * 10 + (*at - '0');
	ram_bytes = kilobytes << 10;
	if (*at || ram_bytes == 0 || ram_bytes % 4096 || ram_bytes > MAX_RAM)
		refuse("usage: native KILOBYTES [emulated] (a multiple of 4, at most 1024)\n");
	if (map_low(ram_bytes) != 0)
		refuse("native: address 0 cannot be mapped; run as root or set vm.mmap_min_addr to 0\n");
	set_up_segments();
	set_up_signals();
	if (!emulated)
		set_up_filter();
	/* The first signal: its handler begins the first test and never comes back here. */
	asm volatile("ud2");
}

asm(".globl _start\n_start: movl %esp, %eax\nandl $-16, %esp\nsubl $12, %esp\npushl %eax\ncall begin_program\n");
__attribute__((used)) void begin_program(const u32 *stack)
{
	start(stack);
	leave(0);
}
