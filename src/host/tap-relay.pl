#!/usr/bin/perl
# tap-relay.pl NAME: attaches to the TAP interface NAME of Linux and carries its frames between
# standard input and output, until the input ends. Node cannot: attaching is a call of ioctl(2), and
# a device is nothing that its event loop can wait for.
#
#   stdin, stdout   frames, each after its length, u32 big endian (framing.ts); the first on stdout
#                   is empty: the interface is attached
#   stderr, exit 1  "STEP ERROR" where it cannot attach or go on: open, attach or read, and why, as EBUSY
#
# Nothing piles up here: what does not fit in the queue of the kernel, on either side, is lost. Who
# has started it is the only one who ends it, so signals that reach a whole session are ignored.
#
# Known deviation: TUNSETIFF has the number of x86, ARM, RISC-V and s390, not of MIPS or PowerPC.
# See Documentation/networking/tuntap.rst of Linux.
use strict;
use warnings;
use Errno;
use Fcntl qw(O_NONBLOCK O_RDWR);

use constant {
    TUNSETIFF       => 0x400454CA,
    IFF_TAP         => 0x0002,
    IFF_NO_PI       => 0x1000,    # frames alone, without flags before them
    MOST_BYTES      => 65_536,    # at one reading of either side
    FRAMES_AT_ONCE  => 64,
    BUSY_TRIES      => 20,        # a relay whose gateway has just died is about to end
    BUSY_WAIT       => 0.05,      # seconds
};

sub fail {
    my ($step) = @_;
    my ($error) = grep { $!{$_} } keys %!;
    print STDERR "$step $error\n";
    exit 1;
}

# Opens the device and makes it that of the interface.
sub attach {
    my ($name) = @_;
    sysopen(my $tap, '/dev/net/tun', O_RDWR | O_NONBLOCK) or fail('open');
    my $request = pack('Z16 S x22', $name, IFF_TAP | IFF_NO_PI);    # struct ifreq
    for my $try (1 .. BUSY_TRIES) {
        return $tap if ioctl($tap, TUNSETIFF, $request);
        fail('attach') if !$!{EBUSY} || $try == BUSY_TRIES;
        select(undef, undef, undef, BUSY_WAIT);
    }
}

# Writes all of it, however long the reader takes.
sub put {
    my ($bytes) = @_;
    for (my $done = 0 ; $done < length $bytes ;) {
        $done += syswrite(STDOUT, $bytes, length($bytes) - $done, $done) // exit 0;
    }
}

# What the interface has sent, a few frames at a time.
sub from_tap {
    my ($tap) = @_;
    my $frames = '';
    for (1 .. FRAMES_AT_ONCE) {
        my $size = sysread($tap, my $frame, MOST_BYTES);
        if (!defined $size) {
            last if $!{EAGAIN} || $!{EINTR};
            fail('read');
        }
        $frames .= pack('N/a*', $frame);
    }
    put($frames);
}

# Whole frames of $$input, which is what has come so far. One that the interface does not take,
# because it is down, is lost.
sub to_tap {
    my ($tap, $input) = @_;
    while (length $$input >= 4 && length $$input >= 4 + unpack('N', $$input)) {
        my $frame = unpack('N/a*', $$input);
        syswrite($tap, $frame);
        substr($$input, 0, 4 + length $frame, '');
    }
}

@SIG{qw(INT TERM HUP)} = ('IGNORE') x 3;
binmode $_ for *STDIN, *STDOUT;
my $tap   = attach(@ARGV);
my $input = '';
put(pack('N', 0));
for (;;) {
    my $ready = '';
    vec($ready, fileno($_), 1) = 1 for *STDIN, $tap;
    next if select($ready, undef, undef, undef) < 0;
    from_tap($tap) if vec($ready, fileno($tap), 1);
    next if !vec($ready, fileno(STDIN), 1);
    my $size = sysread(STDIN, $input, MOST_BYTES, length $input);
    exit 0 if defined $size && $size == 0;
    to_tap($tap, \$input);
}
