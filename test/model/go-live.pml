/*
 * A model of go-live, arbitration, generations, tokens, the fence and re-protection: protocol.md
 * section 4 without execution, bytes and time. What is checked, of every interleaving of hosts,
 * crashes, restarts, pauses, lost and late messages, up to the bounds below:
 *
 *   consistent  what the disk has taken under an ordinal is what any host ever sends under it
 *               (the Output Requirement: nobody lives on who would have said something else)
 *   in order    no write of an earlier token undoes a later one's
 *   one live    nobody else has won a generation that a host has won
 *   complete    an output that the backup forgets has arrived
 *   not stuck   when nothing moves any more, somebody is live, or the winner has crashed
 *
 * A machine is its history: the author of each entry, an author being a host and a token. Every
 * entry is an output and every output a disk write, which is the most that can be asked. Time-outs
 * are choices: a host may suspect its peer whenever it likes, and be as slow as it likes (a pause
 * is not being chosen). The stream of a generation is three numbers: sent, received, acknowledged.
 *
 *   spin -run -m100000 go-live.pml              the rules hold
 *   spin -run -m100000 -DHOSTS=3 go-live.pml    ... with a third host (some minutes, 3 GB)
 *   spin -run -m100000 -DOFF=8 go-live.pml      without rule 8 of protocol.md: a counterexample
 *   spin -p -t -DOFF=8 go-live.pml              ... printed
 *
 * Transitions are named as the functions of src/ft are.
 */

#ifndef OFF
#define OFF 0       /* the rule that is left out; 0: none */
#endif
#ifndef HOSTS
#define HOSTS 2     /* host 0 is the first primary, 1 its backup, the others are standbys */
#endif
#ifndef LAST
#define LAST 2      /* generations 1 … LAST */
#endif
#ifndef ENTRIES
#define ENTRIES 2   /* entries of the machine's life */
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif

#define RULE(n) (OFF != n)
#define NOBODY 255
#define NONE 255

mtype = { standby, joining, primary, backup, alone, halted, crashed };

typedef Replica {
  mtype role;
  byte generation;
  byte won;          /* the generation whose test-and-set it has won; 0: none */
  byte length;       /* entries of its history */
  byte author[ENTRIES];
  byte acknowledged; /* primary: entries that its backup has */
  byte released;     /* outputs below have been sent out, or need not be */
  byte confirmed;    /* outputs below are known to have arrived */
  byte writing;      /* ordinal of the write under way, NONE: none */
  byte writingToken;
  byte writingAuthor;
  bool asking;       /* it has begun to ask the arbiter and has no answer */
  byte claimed;      /* a claim of this generation may still reach the arbiter; 0: none */
  bool closed;       /* backup: the channel is closed, nothing is received any more */
  bool fenced;       /* backup: the disk has confirmed the fence */
  byte held;         /* alone: 1 + the entries in the last round of a copy; 0: none taken */
  byte diedIn        /* the last generation that it had begun when it crashed; 0: it has not */
};

/* The channel of a generation. Entries are counted over the machine's life. */
typedef Stream {
  byte source;
  byte target;
  byte start;        /* entries that the snapshot holds */
  byte sent;
  byte received;     /* in the target's buffer, and acknowledged */
  byte releasedUpTo;
  bool offered;      /* the number is spent */
  bool begun;        /* the last message of the copy has been sent */
  bool lost          /* the source has restarted: what was on the way is gone */
};

Replica r[HOSTS];
Stream stream[LAST + 3];
byte owner[LAST + 3] = NOBODY;

/* The shared disk. */
byte fence;
byte taken[ENTRIES];           /* the author of the write under each ordinal; 0: none yet */
byte lastToken;
byte lastOrdinal;

byte crashes;
byte restarts;

#define token(h) (2 * r[h].generation + (r[h].won == r[h].generation -> 1 : 0))
#define authorOf(h) (1 + h + HOSTS * token(h))
#define isLive(h) (r[h].role == primary || r[h].role == alone)
#define G r[h].generation
#define S stream[r[h].generation]

/* ---- execution and output ---- */

inline execute(h) {
  r[h].author[r[h].length] = authorOf(h);
  r[h].length++
}

/*
 * Outputs below this may leave: what is acknowledged, or, of a winner, everything. While the last
 * round of a copy travels, what it holds counts as acknowledged, and nothing else (rule 11).
 */
#define releaseLimit(h) (r[h].role == alone -> \
  (r[h].held != 0 && RULE(11) -> r[h].held - 1 : r[h].length) : \
  (r[h].asking && !RULE(3) -> r[h].length : r[h].acknowledged))

#define mayRelease(h) (isLive(h) && r[h].writing == NONE && r[h].released < releaseLimit(h))

inline release(h) {
  r[h].writing = r[h].released;
  r[h].writingToken = token(h);
  r[h].writingAuthor = r[h].author[r[h].released];
  r[h].released++
}

/* The write comes to the disk, now or long after its sender has died. */
#define refused(t) (RULE(2) -> t < fence : t / 2 < fence / 2)

inline applyWrite(h) {
  if
  :: refused(r[h].writingToken) -> refuse(h)
  :: else ->
    assert(taken[r[h].writing] == 0 || taken[r[h].writing] == r[h].writingAuthor); /* consistent */
    assert(!(r[h].writingToken < lastToken && r[h].writing < lastOrdinal)); /* in order */
    taken[r[h].writing] = r[h].writingAuthor;
    lastToken = r[h].writingToken;
    lastOrdinal = r[h].writing;
    if
    :: isLive(h) -> r[h].confirmed = r[h].writing + 1
    :: else
    fi
  fi;
  r[h].writing = NONE; r[h].writingToken = 0; r[h].writingAuthor = 0
}

/* Rule 18: refused by the fence, a host asks the arbiter. */
inline refuse(h) {
  if
  :: r[h].role == primary -> claim(h)
  :: else
  fi
}

/* ---- the channel ---- */

#define isOpen(h) (S.source == h && S.begun)

inline flush(h) {
  S.sent = r[h].length;
  S.releasedUpTo = (RULE(5) -> r[h].confirmed : r[h].released)
}

/* Entries come into the backup's buffer; receiving is acknowledging. */
inline onBatch(h) {
  if
  :: r[h].length == S.received && !r[h].asking && r[h].won < G ->
    do
    :: r[h].length < S.sent ->
      r[h].author[r[h].length] = r[S.source].author[r[h].length];
      r[h].length++
    :: else -> break
    od
  :: else /* without rule 7: acknowledged, but behind the point that has been fixed */
  fi;
  S.received = S.sent;
  forgetReleased(h)
}

inline forgetReleased(h) {
  r[h].released = (S.releasedUpTo > r[h].released -> S.releasedUpTo : r[h].released);
  r[h].confirmed = r[h].released
}

/* Acknowledgements count from the start of their channel. Rule 4: only those of the present one. */
inline acknowledge(h, n) {
  r[h].acknowledged = S.start + (stream[n].received - stream[n].start)
}

/* ---- arbitration ---- */

inline claim(h) {
  r[h].asking = true;
  r[h].claimed = G
}

/* The arbiter decides, once for each generation. */
inline testAndSet(h) {
  if
  :: owner[r[h].claimed] == NOBODY -> owner[r[h].claimed] = h
  :: else
  fi
}

inline onAnswer(h) {
  testAndSet(h);
  if
  :: owner[G] == h || !RULE(1) -> wins(h)
  :: else -> stop(h, halted)
  fi;
  r[h].asking = false;
  r[h].claimed = 0
}

inline wins(h) {
  if
  :: r[h].role == primary -> goAlone(h)
  :: else -> r[h].won = G
  fi
}

inline oneLive(h) {
  byte other = 0;
  do
  :: other == HOSTS -> break
  :: other < HOSTS && other != h && r[other].role == alone && r[other].won == G ->
    assert(false) /* one live */
  :: else -> other++
  od;
  other = 0
}

inline goAlone(h) {
  r[h].won = G;
  oneLive(h);
  r[h].role = alone
}

/* ---- go-live ---- */

inline suspect(h) {
  r[h].closed = RULE(7);
  claim(h)
}

inline raiseFence(h) {
  fence = (2 * G + 1 > fence -> 2 * G + 1 : fence);
  r[h].fenced = true
}

inline goLive(h) {
  byte ordinal = 0;
  do
  :: ordinal == r[h].released -> break
  :: ordinal < r[h].released -> assert(taken[ordinal] != 0); ordinal++ /* complete */
  od;
  ordinal = 0;
  oneLive(h);
  r[h].role = alone
}

/* ---- re-protection ---- */

/* The standby of the offer of that number is still there, and the number is not in use. */
#define copies(h, n) (r[h].role == alone && n <= LAST && stream[n].offered && \
  stream[n].source == h && !stream[n].begun && \
  r[stream[n].target].role == joining && r[stream[n].target].generation == n)

/* A number that is free for the next generation of the machine that h has won. */
#define nextOf(h) (stream[G + 1].offered -> G + 2 : G + 1)

inline offer(h, j, n) {
  stream[n].offered = true;
  stream[n].source = h;
  stream[n].target = j;
  r[j].role = joining;
  r[j].generation = n
}

/* The copy is complete but for the last message; the guest goes on under the Output Rule. */
inline takeLastRound(h) {
  r[h].held = 1 + r[h].length
}

/* The last message of the copy, and with it the generation. */
inline beginGeneration(h, n) {
  stream[n].begun = true;
  stream[n].start = r[h].held - 1;
  stream[n].sent = stream[n].start;
  stream[n].received = stream[n].start;
  stream[n].releasedUpTo = (r[h].confirmed < stream[n].start -> r[h].confirmed : stream[n].start);
  r[h].role = primary;
  r[h].generation = n;
  r[h].acknowledged = stream[n].start;
  r[h].held = 0
}

/* The copy has come whole: j is a backup now. */
inline becomeBackup(j) {
  byte at = 0;
  do
  :: at == stream[r[j].generation].start -> break
  :: at < stream[r[j].generation].start ->
    r[j].author[at] = r[stream[r[j].generation].source].author[at];
    at++
  od;
  at = 0;
  r[j].length = stream[r[j].generation].start;
  r[j].released = stream[r[j].generation].releasedUpTo;
  r[j].confirmed = r[j].released;
  r[j].closed = false;
  r[j].role = backup
}

/* What nobody can see of a host that does nothing more: forgotten, so that fewer states differ. */
inline stop(h, why) {
  r[h].role = why;
  r[h].length = 0; r[h].acknowledged = 0; r[h].released = 0; r[h].confirmed = 0;
  r[h].won = 0; r[h].asking = false; r[h].closed = false; r[h].fenced = false;
  r[h].held = 0
}

inline loseStreams(h) {
  byte at = 1;
  do
  :: at > LAST -> break
  :: at <= LAST ->
    if
    :: stream[at].begun && stream[at].source == h ->
      stream[at].sent = stream[at].received;
      stream[at].lost = true
    :: else
    fi;
    at++
  od;
  at = 0
}

inline becomeStandby(h) {
  byte slot = 0;
  do
  :: slot == ENTRIES -> break
  :: slot < ENTRIES -> r[h].author[slot] = 0; slot++
  od;
  slot = 0;
  stop(h, standby);
  r[h].claimed = 0
}

/* Without rule 12: it has gone back on a generation that it had begun. */
#define copied(h) (stream[G + 1].begun && stream[G + 1].source == h)

proctype Host(byte h) {
  byte c, g;
end:
  do
  /* every live host */
  :: atomic { isLive(h) && r[h].length < ENTRIES -> execute(h) }
  :: atomic { mayRelease(h) -> release(h) }

  /* primary */
  :: atomic { r[h].role == primary && isOpen(h) &&
      (S.sent < r[h].length || S.releasedUpTo < r[h].confirmed) -> flush(h) }
  :: atomic { r[h].role == primary && r[h].acknowledged < S.received -> acknowledge(h, G) }
  :: atomic { r[h].role == primary && !RULE(4) && G > 1 && stream[G - 1].source == h &&
      S.start + stream[G - 1].received - stream[G - 1].start > r[h].acknowledged &&
      S.start + stream[G - 1].received - stream[G - 1].start <= S.sent -> acknowledge(h, G - 1) }
  :: atomic { r[h].role == primary && !r[h].asking && RULE(12) -> claim(h) }
  :: atomic { r[h].role == primary && !RULE(12) && r[h].won != 0 && r[h].won < G ->
      r[h].generation = r[h].won; r[h].role = alone } /* back, as if nothing had been sent */
  :: atomic { r[h].role == primary && !RULE(12) && r[h].won == 0 && !r[h].asking -> claim(h) }
  :: atomic { r[h].role == primary && r[h].asking -> r[h].asking = false } /* withdraw (rule 10) */

  /* backup */
  :: atomic { r[h].role == backup && !r[h].closed &&
      (S.received < S.sent || r[h].released < S.releasedUpTo) -> onBatch(h) }
  :: atomic { r[h].role == backup && !r[h].asking && r[h].won < G -> suspect(h) }
  :: atomic { r[h].role == backup && r[h].won == G && !r[h].fenced && RULE(8) -> raiseFence(h) }
  :: atomic { r[h].role == backup && r[h].won == G && (r[h].fenced || !RULE(8)) -> goLive(h) }

  /* whoever asks */
  :: atomic { r[h].asking && (r[h].role == primary || r[h].role == backup) -> onAnswer(h) }
  :: atomic { r[h].asking && r[h].claimed != 0 && owner[r[h].claimed] == NOBODY -> testAndSet(h) }
  :: atomic { r[h].asking && !RULE(6) && (r[h].role == primary || r[h].role == backup) ->
      r[h].asking = false; r[h].claimed = 0; wins(h) } /* no answer taken for a yes */

  /* alone: re-protection */
  :: atomic { r[h].role == alone && nextOf(h) <= LAST ->
      g = nextOf(h); c = 0;
      do
      :: c < HOSTS && r[c].role == standby && (owner[G] == h || !RULE(1) || !RULE(6)) ->
        offer(h, c, g); break
      :: c < HOSTS -> c++
      :: c >= HOSTS -> break
      od; c = 0; g = 0 }
  :: atomic { copies(h, G + 1) && r[h].held == 0 -> takeLastRound(h) }
  :: atomic { copies(h, G + 2) && r[h].held == 0 -> takeLastRound(h) }
  :: atomic { copies(h, G + 1) && r[h].held != 0 -> beginGeneration(h, G + 1) }
  :: atomic { copies(h, G + 2) && r[h].held != 0 -> beginGeneration(h, G + 2) }
  :: atomic { r[h].role == alone && r[h].held != 0 -> r[h].held = 0 } /* takeBack (rule 13) */

  /* joining */
  :: atomic { r[h].role == joining && S.begun && S.target == h && !S.lost ->
      becomeBackup(h) }
  :: atomic { r[h].role == joining -> becomeStandby(h) } /* the source is lost: back to the others */
  :: atomic { r[h].role == joining && !RULE(14) && !r[h].asking ->
      r[h].length = 0; r[h].role = backup; r[h].closed = true; claim(h) }

  /* disk, arbiter and fate */
  :: atomic { r[h].writing != NONE -> applyWrite(h) }
  :: atomic { r[h].role == crashed && r[h].claimed != 0 -> testAndSet(h); r[h].claimed = 0 }
  :: atomic { r[h].role != crashed && r[h].role != halted && crashes < CRASHES ->
      crashes++; 
      r[h].diedIn = (copied(h) -> G + 1 : G); stop(h, crashed) }
  :: atomic { (r[h].role == crashed || r[h].role == halted) && restarts < RESTARTS ->
      restarts++;
      r[h].writing = NONE; /* the last write is lost or has been applied */
      r[h].writingToken = 0; r[h].writingAuthor = 0;
      loseStreams(h);
      becomeStandby(h);
      if
      :: !RULE(15) -> r[h].role = backup; r[h].closed = true; claim(h)
      :: else
      fi }
  od
}

/*
 * When nothing moves any more. Limits that no rule removes: the winner of the last generation has
 * crashed, or its source has and there is no complete backup.
 */
proctype Watcher() {
  byte i, last;
end:
  timeout -> atomic {
    last = LAST;
    do
    :: !stream[last].begun -> last--
    :: else -> break
    od;
    do
    :: i == HOSTS -> assert(
        (owner[last] != NOBODY && r[owner[last]].diedIn == last) ||
        (r[stream[last].source].diedIn == last && r[stream[last].target].role != backup));
        break /* not stuck */
    :: i < HOSTS && isLive(i) -> break
    :: i < HOSTS && !isLive(i) -> i++
    od
  }
}

init {
  atomic {
    byte i = 0;
    do
    :: i == HOSTS -> break
    :: i < HOSTS ->
      r[i].writing = NONE;
      r[i].role = (i == 0 -> primary : (i == 1 -> backup : standby));
      r[i].generation = (i < 2 -> 1 : 0);
      i++
    od;
    i = 1;
    do
    :: i > LAST -> break
    :: i <= LAST -> owner[i] = NOBODY; i++
    od;
    stream[1].source = 0; stream[1].target = 1; stream[1].offered = true; stream[1].begun = true;
    i = 0;
    do
    :: i == HOSTS -> break
    :: i < HOSTS -> run Host(i); i++
    od;
    run Watcher()
  }
}
