/*
 * Copies the content of one volume into another, empty one, or measures volumes. It runs as the only
 * program of a container that mounts them, on whatever machine the engine is, so it needs no library
 * and no file beside itself: it speaks to the kernel alone (3.10 or later).
 *
 *   volume-copier copy FROM TO       copies; fails unless the copy has the same tree afterwards
 *   volume-copier measure FOLDER...  counts without reading any content
 *
 * For each it prints a line of JSON on standard output:
 *   {"files":3,"folders":1,"others":0,"bytes":120,"stored":4096,"free":9,"clones":false,"tree":"…","content":"…"}
 * bytes are the sizes of the files, stored what they take up on the disk, free what the disk has left,
 * clones whether its file system shares the blocks of copies. tree is a sum over names, kinds, modes,
 * owners, sizes, times, links and extended attributes, content one over the bytes; neither depends on
 * the order in which a folder lists its entries. content is null where nothing was read: after a
 * measure, or where the file system cloned files. While it copies it prints {"done":BYTES}.
 *
 * Kept are owners, modes, times, extended attributes, hard links, holes, links, pipes, sockets, devices.
 * Links are never followed: what lies in a volume is anybody's.
 *
 * Built by scripts/build-volume-copier.ts, which also says how.
 */
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

#define WINDOW (64 * 1024L)
#define BUFFER (1024 * 1024L)
#define LISTING (32 * 1024L)
#define DEEPEST 4000
#define PATH 8192
#define NAMES (64 * 1024L)
#define REPORT_EVERY (64 * 1024 * 1024L)
#define FICLONE 0x40049409
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* ---- the kernel ---- */

#if defined(__x86_64__)
static inline i64 call(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  i64 result;
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n");
#elif defined(__aarch64__)
static inline i64 call(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = n;
  register i64 x0 __asm__("x0") = a;
  register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d;
  register i64 x4 __asm__("x4") = e;
  register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl begin\n");
#else
#error "no such processor"
#endif

#define CALL1(n, a) call(n, (i64)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, (i64)(a), (i64)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), 0, 0)
#define CALL5(n, a, b, c, d, e) call(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), 0)
#define CALL6(n, a, b, c, d, e, f) call(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), (i64)(f))

struct entry {
  u64 ino;
  i64 off;
  u16 length;
  u8 type;
  char name[];
};

struct moment {
  i64 seconds;
  i64 nanoseconds;
};

/* struct statfs as both processors have it */
struct space {
  i64 type, block, blocks, bfree, bavail, files, ffree;
  int id[2];
  i64 namelength, fragment, flags, spare[4];
};

/* The compiler puts in calls of these. */
void *memcpy(void *to, const void *from, u64 size) {
  u8 *t = to;
  const u8 *f = from;
  while (size--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, u64 size) {
  u8 *t = to;
  while (size--) *t++ = (u8)value;
  return to;
}

static u64 length_of(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  return length;
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* ---- words ---- */

static char path[PATH];
static u64 path_length, root_length;

static void put(int to, const char *text, u64 length) {
  while (length > 0) {
    i64 written = CALL3(__NR_write, to, text, length);
    if (written <= 0) return;
    text += written;
    length -= (u64)written;
  }
}

static void say(int to, const char *text) { put(to, text, length_of(text)); }

static void say_number(int to, u64 value) {
  char digits[24];
  int at = 24;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  put(to, digits + at, (u64)(24 - at));
}

static void say_hex(int to, u64 value) {
  char digits[16];
  for (int at = 15; at >= 0; at--, value >>= 4) digits[at] = "0123456789abcdef"[value & 15];
  put(to, digits, 16);
}

__attribute__((noreturn)) static void fail(const char *what, i64 result) {
  say(2, what);
  if (path_length > 0) {
    say(2, " ");
    put(2, path, path_length);
  }
  if (result == -ENOSPC || result == -EDQUOT) say(2, ": no space left");
  else if (result < 0) {
    say(2, ": error ");
    say_number(2, (u64)-result);
  }
  say(2, "\n");
  CALL1(__NR_exit_group, result == -ENOSPC || result == -EDQUOT ? 28 : 1);
  for (;;) {
  }
}

static void *allocate(u64 size) {
  i64 at = CALL6(__NR_mmap, 0, size, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0);
  if (at < 0 && at > -4096) fail("memory", at);
  return (void *)at;
}

/* ---- sums ---- */

/* XXH64: fast, and good enough to find what was damaged; nobody is to be kept from making two alike. */
#define P1 0x9E3779B185EBCA87UL
#define P2 0xC2B2AE3D27D4EB4FUL
#define P3 0x165667B19E3779F9UL
#define P4 0x85EBCA77C2B2AE63UL
#define P5 0x27D4EB2F165667C5UL

static inline u64 rotate(u64 value, int by) { return value << by | value >> (64 - by); }
static inline u64 round_of(u64 sum, u64 value) { return rotate(sum + value * P2, 31) * P1; }
static inline u64 load64(const u8 *at) {
  u64 value;
  __builtin_memcpy(&value, at, 8);
  return value;
}
static inline u64 mixed(u64 value) {
  value = (value ^ value >> 33) * P2;
  value = (value ^ value >> 29) * P3;
  return value ^ value >> 32;
}

static u64 hash(const void *data, u64 size, u64 seed) {
  const u8 *at = data, *end = at + size;
  u64 sum;
  if (size >= 32) {
    u64 a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
    for (; at + 32 <= end; at += 32) {
      a = round_of(a, load64(at));
      b = round_of(b, load64(at + 8));
      c = round_of(c, load64(at + 16));
      d = round_of(d, load64(at + 24));
    }
    sum = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    sum = (sum ^ round_of(0, a)) * P1 + P4;
    sum = (sum ^ round_of(0, b)) * P1 + P4;
    sum = (sum ^ round_of(0, c)) * P1 + P4;
    sum = (sum ^ round_of(0, d)) * P1 + P4;
  } else {
    sum = seed + P5;
  }
  sum += size;
  for (; at + 8 <= end; at += 8) sum = rotate(sum ^ round_of(0, load64(at)), 27) * P1 + P4;
  for (; at < end; at++) sum = rotate(sum ^ *at * P5, 11) * P1;
  return mixed(sum);
}

static int is_zero(const u8 *data, u64 size) {
  for (; size >= 8; data += 8, size -= 8)
    if (load64(data)) return 0;
  for (; size > 0; data++, size--)
    if (*data) return 0;
  return 1;
}

/* ---- what was seen ---- */

struct tally {
  u64 files, folders, others, bytes, stored, tree, content;
  int read;
};

struct link {
  u64 dev, ino;
  u64 name; /* where its path below the root begins in the names */
};

/* The files with several names, by where they lie on the disk. */
static struct link *links;
static u64 links_size, links_used;
static char *names;
static u64 names_size, names_used;

static struct link *find_link(u64 dev, u64 ino) {
  if (links_used * 2 >= links_size) {
    struct link *old = links;
    u64 old_size = links_size;
    links_size = old_size ? old_size * 2 : 1024;
    links = allocate(links_size * sizeof(struct link));
    for (u64 at = 0; at < old_size; at++) {
      if (!old[at].ino) continue;
      u64 to = mixed(old[at].ino ^ old[at].dev << 32) & (links_size - 1);
      while (links[to].ino) to = (to + 1) & (links_size - 1);
      links[to] = old[at];
    }
    if (old) CALL2(__NR_munmap, old, old_size * sizeof(struct link));
  }
  u64 at = mixed(ino ^ dev << 32) & (links_size - 1);
  while (links[at].ino && !(links[at].ino == ino && links[at].dev == dev)) at = (at + 1) & (links_size - 1);
  return &links[at];
}

static void forget_links(void) {
  for (u64 at = 0; at < links_size; at++) links[at].ino = 0;
  links_used = 0;
  names_used = 0;
}

static u64 keep_name(void) {
  const char *below = path + root_length + 1;
  u64 length = path_length - root_length;
  if (names_used + length > names_size) {
    u64 size = names_size ? names_size * 2 : 1024 * 1024;
    while (size < names_used + length) size *= 2;
    char *bigger = allocate(size);
    memcpy(bigger, names, names_used);
    if (names) CALL2(__NR_munmap, names, names_size);
    names = bigger;
    names_size = size;
  }
  u64 at = names_used;
  memcpy(names + at, below, length);
  names_used += length;
  return at;
}

static void count(struct tally *tally, const struct stat *is, u64 place, const char *target, u64 target_length) {
  u64 seed = place;
  u64 kind = is->st_mode & S_IFMT;
  u64 facts[6] = {is->st_mode, (u64)is->st_uid << 32 | is->st_gid, 0, 0, 0, 0};
  if (kind == S_IFREG) {
    facts[2] = (u64)is->st_size;
    facts[3] = (u64)is->st_mtime;
    facts[4] = (u64)is->st_mtime_nsec;
  } else if (kind == S_IFCHR || kind == S_IFBLK) {
    facts[5] = (u64)is->st_rdev;
  }
  tally->tree += mixed(hash(facts, sizeof facts, seed));
  if (target) tally->tree += hash(target, target_length, seed + 1);
  if (kind == S_IFREG) tally->files++;
  else if (kind == S_IFDIR) tally->folders++;
  else tally->others++;
}

/* ---- copying ---- */

static u8 *buffer;
static int cloning, target_root = -1;
static u64 reported, copied;

static void report(u64 bytes) {
  copied += bytes;
  if (copied - reported < REPORT_EVERY) return;
  reported = copied;
  say(1, "{\"done\":");
  say_number(1, copied);
  say(1, "}\n");
}

static void write_at(int to, const u8 *data, i64 size, i64 at) {
  while (size > 0) {
    i64 written = CALL4(__NR_pwrite64, to, data, size, at);
    if (written == -EINTR) continue;
    if (written <= 0) fail("writing", written);
    data += written;
    size -= written;
    at += written;
  }
}

/* Copies what is not zero between two places of a file; returns where the file ended, if before the second. */
static i64 copy_range(int from, int to, i64 start, i64 end, u64 seed, struct tally *tally) {
  for (i64 at = start; at < end;) {
    i64 wanted = end - at < BUFFER ? end - at : BUFFER, have = 0;
    while (have < wanted) {
      i64 got = CALL4(__NR_pread64, from, buffer + have, wanted - have, at + have);
      if (got == -EINTR) continue;
      if (got < 0) fail("reading", got);
      if (got == 0) break;
      have += got;
    }
    for (i64 window = 0, run = -1; window < have || run >= 0;) {
      i64 size = have - window < WINDOW ? have - window : WINDOW;
      int zero = window >= have || is_zero(buffer + window, (u64)size);
      if (!zero) {
        tally->content += hash(buffer + window, (u64)size, seed + (u64)(at + window));
        if (run < 0) run = window;
      } else if (run >= 0) {
        write_at(to, buffer + run, (window < have ? window : have) - run, at + run);
        run = -1;
      }
      if (window >= have) break;
      window += WINDOW;
      if (window > have) window = have;
    }
    report((u64)have);
    at += have;
    if (have < wanted) return at;
  }
  return end;
}

/* Returns the size that the copy has: a file that someone shortens meanwhile ends earlier. */
static i64 copy_content(int from, int to, const struct stat *is, struct tally *tally) {
  i64 size = is->st_size;
  if (size == 0) return 0;
  if (cloning) {
    if (CALL3(__NR_ioctl, to, FICLONE, from) == 0) {
      tally->read = 0;
      report((u64)size);
      struct stat now;
      i64 result = CALL2(__NR_fstat, to, &now);
      if (result < 0) fail("looking at", result);
      return now.st_size;
    }
    cloning = 0;
  }
  u64 facts[3] = {(u64)size, (u64)is->st_mtime, (u64)is->st_mtime_nsec};
  u64 seed = hash(facts, sizeof facts, 0);
  i64 at = 0, end = size;
  while (at < size) {
    i64 data = CALL3(__NR_lseek, from, at, SEEK_DATA), hole;
    if (data == -ENXIO) break; /* nothing but a hole */
    if (data < 0) data = at, hole = size; /* a file system that knows no holes */
    else hole = CALL3(__NR_lseek, from, data, SEEK_HOLE);
    if (hole < 0 || hole > size) hole = size;
    data -= data % WINDOW;
    if (data < at) data = at;
    hole += (WINDOW - hole % WINDOW) % WINDOW;
    if (hole > size) hole = size;
    if (data >= hole) break;
    end = copy_range(from, to, data, hole, seed, tally);
    if (end < hole) break;
    end = size;
    at = hole;
  }
  i64 result = CALL2(__NR_ftruncate, to, end);
  if (result < 0) fail("sizing", result);
  return end;
}

static char *attribute_names, *attribute_value;

/* Copies the extended attributes of an open file where `to` is one, and counts them. */
static void attributes(int from, int to, u64 place, struct tally *tally) {
  i64 size = CALL3(__NR_flistxattr, from, attribute_names, NAMES);
  if (size == -EOPNOTSUPP || size == -ENOSYS) return;
  if (size < 0) fail("listing the attributes of", size);
  for (char *name = attribute_names; name < attribute_names + size; name += length_of(name) + 1) {
    /* What the machine's policy gives a file is not the volume's content. */
    if (same(name, "security.selinux")) continue;
    i64 value = CALL4(__NR_fgetxattr, from, name, attribute_value, NAMES);
    if (value == -ENODATA) continue;
    if (value < 0) fail("reading an attribute of", value);
    if (to >= 0) {
      i64 result = CALL5(__NR_fsetxattr, to, name, attribute_value, value, 0);
      if (result < 0) fail("setting an attribute of", result);
    }
    tally->tree += hash(attribute_value, (u64)value, hash(name, length_of(name), place));
  }
}

static void owner_and_mode(int to, const struct stat *is) {
  i64 result = CALL3(__NR_fchown, to, is->st_uid, is->st_gid);
  if (result < 0) fail("changing the owner of", result);
  result = CALL2(__NR_fchmod, to, is->st_mode & 07777);
  if (result < 0) fail("changing the mode of", result);
}

static void times(int folder, const char *name, const struct stat *is) {
  struct moment moments[2] = {{(i64)is->st_atime, (i64)is->st_atime_nsec}, {(i64)is->st_mtime, (i64)is->st_mtime_nsec}};
  i64 result = CALL4(__NR_utimensat, folder, name, moments, name ? AT_SYMLINK_NOFOLLOW : 0);
  if (result < 0) fail("setting the times of", result);
}

/* to is -1 where things are only counted. */
static void walk(int from, int to, u64 place, struct tally *tally, int depth);

static void file(int from, int to, const char *name, struct stat *is, u64 place, struct tally *tally) {
  int several = is->st_nlink > 1;
  if (several) {
    struct link *known = find_link(is->st_dev, is->st_ino);
    if (known->ino) {
      if (to >= 0) {
        i64 result = CALL5(__NR_linkat, target_root, names + known->name, to, name, 0);
        if (result < 0) fail("linking", result);
      }
      count(tally, is, place, 0, 0);
      return;
    }
  }
  i64 source = CALL3(__NR_openat, from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (source == -ENOENT) return;
  if (source < 0) fail("opening", source);
  if (several) {
    struct link *first = find_link(is->st_dev, is->st_ino);
    first->dev = is->st_dev;
    first->ino = is->st_ino;
    first->name = keep_name();
    links_used++;
  }
  if (to >= 0) {
    i64 copy = CALL4(__NR_openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (copy < 0) fail("making", copy);
    is->st_size = copy_content((int)source, (int)copy, is, tally);
    owner_and_mode((int)copy, is);
    attributes((int)source, (int)copy, place, tally);
    times((int)copy, 0, is);
    CALL1(__NR_close, copy);
  } else {
    attributes((int)source, -1, place, tally);
  }
  CALL1(__NR_close, source);
  tally->bytes += (u64)is->st_size;
  tally->stored += (u64)is->st_blocks * 512;
  count(tally, is, place, 0, 0);
}

static void folder(int from, int to, const char *name, const struct stat *is, u64 place, struct tally *tally, int depth) {
  if (depth >= DEEPEST) fail("too deep:", 0);
  i64 source = CALL3(__NR_openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (source < 0) fail("opening", source);
  i64 copy = -1;
  if (to >= 0) {
    i64 result = CALL3(__NR_mkdirat, to, name, 0700);
    if (result < 0) fail("making", result);
    copy = CALL3(__NR_openat, to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (copy < 0) fail("opening", copy);
  }
  walk((int)source, (int)copy, place, tally, depth + 1);
  if (copy >= 0) owner_and_mode((int)copy, is);
  attributes((int)source, (int)copy, place, tally);
  if (copy >= 0) {
    times((int)copy, 0, is);
    CALL1(__NR_close, copy);
  }
  CALL1(__NR_close, source);
  tally->stored += (u64)is->st_blocks * 512;
  count(tally, is, place, 0, 0);
}

static char *link_target;

static void other(int from, int to, const char *name, const struct stat *is, u64 place, struct tally *tally) {
  i64 result, length = 0;
  int is_link = (is->st_mode & S_IFMT) == S_IFLNK;
  if (is_link) {
    length = CALL4(__NR_readlinkat, from, name, link_target, NAMES - 1);
    if (length < 0) fail("reading the link", length);
    link_target[length] = 0;
  }
  if (to >= 0) {
    result = is_link ? CALL3(__NR_symlinkat, link_target, to, name) : CALL4(__NR_mknodat, to, name, is->st_mode & (S_IFMT | 07777), is->st_rdev);
    if (result < 0) fail("making", result);
    result = CALL5(__NR_fchownat, to, name, is->st_uid, is->st_gid, AT_SYMLINK_NOFOLLOW);
    if (result < 0) fail("changing the owner of", result);
    if (!is_link) {
      result = CALL3(__NR_fchmodat, to, name, is->st_mode & 07777);
      if (result < 0) fail("changing the mode of", result);
    }
    times(to, name, is);
  }
  tally->stored += (u64)is->st_blocks * 512;
  count(tally, is, place, is_link ? link_target : 0, (u64)length);
}

static void walk(int from, int to, u64 place, struct tally *tally, int depth) {
  u8 *listing = allocate(LISTING);
  u64 above = path_length;
  for (;;) {
    i64 size = CALL3(__NR_getdents64, from, listing, LISTING);
    if (size < 0) fail("listing", size);
    if (size == 0) break;
    for (i64 at = 0; at < size;) {
      struct entry *entry = (struct entry *)(listing + at);
      at += entry->length;
      char *name = entry->name;
      if (same(name, ".") || same(name, "..")) continue;
      u64 length = length_of(name);
      if (above + 1 + length + 1 > PATH) fail("too long a path:", 0);
      path[above] = '/';
      memcpy(path + above + 1, name, length);
      path_length = above + 1 + length;
      path[path_length] = 0;
      struct stat is;
      i64 result = CALL4(__NR_newfstatat, from, name, &is, AT_SYMLINK_NOFOLLOW);
      /* Gone since it was listed: a component that is only quiesced may still tidy up. */
      if (result == -ENOENT) continue;
      if (result < 0) fail("looking at", result);
      u64 here = hash(name, length, place);
      u32 kind = is.st_mode & S_IFMT;
      if (kind == S_IFREG) file(from, to, name, &is, here, tally);
      else if (kind == S_IFDIR) folder(from, to, name, &is, here, tally, depth);
      else other(from, to, name, &is, here, tally);
    }
  }
  path_length = above;
  path[path_length] = 0;
  CALL2(__NR_munmap, listing, LISTING);
}

/* ---- the whole ---- */

static void begin_path(const char *root) {
  path_length = length_of(root);
  if (path_length + 1 > PATH) path_length = 0;
  memcpy(path, root, path_length);
  path[path_length] = 0;
  root_length = path_length;
}

static int open_root(const char *root) {
  begin_path(root);
  i64 opened = CALL3(__NR_openat, AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) fail("opening", opened);
  return (int)opened;
}

/* Counts what is below a root and the root itself; where `to` is given it becomes the same. */
static void whole(int from, int to, const char *root, struct tally *tally) {
  begin_path(root);
  struct stat is;
  i64 result = CALL2(__NR_fstat, from, &is);
  if (result < 0) fail("looking at", result);
  result = CALL3(__NR_lseek, from, 0, 0);
  if (result < 0) fail("listing", result);
  walk(from, to, 0, tally, 0);
  if (to >= 0) owner_and_mode(to, &is);
  attributes(from, to, 0, tally);
  if (to >= 0) times(to, 0, &is);
  tally->stored += (u64)is.st_blocks * 512;
  count(tally, &is, 0, 0, 0);
  forget_links();
}

static int clones(const struct space *space) { return space->type == 0x9123683E /* btrfs */ || space->type == 0xCA451A4E /* bcachefs */; }

static void tell(int root, const struct tally *tally) {
  struct space space;
  i64 result = CALL2(__NR_fstatfs, root, &space);
  if (result < 0) fail("asking for the free space of", result);
  say(1, "{\"files\":");
  say_number(1, tally->files);
  say(1, ",\"folders\":");
  say_number(1, tally->folders);
  say(1, ",\"others\":");
  say_number(1, tally->others);
  say(1, ",\"bytes\":");
  say_number(1, tally->bytes);
  say(1, ",\"stored\":");
  say_number(1, tally->stored);
  say(1, ",\"free\":");
  say_number(1, (u64)space.bavail * (u64)space.block);
  say(1, ",\"clones\":");
  say(1, clones(&space) ? "true" : "false");
  say(1, ",\"tree\":\"");
  say_hex(1, tally->tree);
  say(1, "\",\"content\":");
  if (tally->read) {
    say(1, "\"");
    say_hex(1, tally->content);
    say(1, "\"}\n");
  } else {
    say(1, "null}\n");
  }
}

static void measure(const char *root) {
  struct tally tally = {0};
  int from = open_root(root);
  whole(from, -1, root, &tally);
  tell(from, &tally);
}

static void copy(const char *source, const char *target) {
  struct tally taken = {0}, found = {0};
  int from = open_root(source), to = open_root(target);
  target_root = to;
  i64 size;
  int more = 0;
  while ((size = CALL3(__NR_getdents64, to, buffer, BUFFER)) > 0) {
    for (i64 at = 0; at < size; at += ((struct entry *)(buffer + at))->length) {
      char *name = ((struct entry *)(buffer + at))->name;
      if (!same(name, ".") && !same(name, "..")) more = 1;
    }
  }
  if (more) fail("not empty:", 0);
  taken.read = 1;
  cloning = 1;
  whole(from, to, source, &taken);
  begin_path(target);
  i64 result = CALL1(__NR_syncfs, to);
  if (result < 0) fail("making durable", result);
  whole(to, -1, target, &found);
  if (found.tree != taken.tree || found.files != taken.files || found.folders != taken.folders || found.others != taken.others) {
    begin_path(target);
    fail("the copy is not as what was copied:", 0);
  }
  taken.stored = found.stored;
  tell(to, &taken);
}

__attribute__((noreturn, used)) void begin(i64 *stack) {
  i64 count_of = stack[0];
  char **words = (char **)(stack + 1);
  buffer = allocate(BUFFER);
  attribute_names = allocate(NAMES);
  attribute_value = allocate(NAMES);
  link_target = allocate(NAMES);
  /* A folder stays open while what is in it is copied: as many as may be. */
  struct {
    u64 soft, hard;
  } limit;
  if (CALL2(__NR_getrlimit, 7, &limit) == 0) {
    limit.soft = limit.hard;
    CALL2(__NR_setrlimit, 7, &limit);
  }
  CALL1(__NR_umask, 0);
  if (count_of == 4 && same(words[1], "copy")) copy(words[2], words[3]);
  else if (count_of >= 3 && same(words[1], "measure"))
    for (i64 at = 2; at < count_of; at++) measure(words[at]);
  else fail("usage: volume-copier copy FROM TO | measure FOLDER...", 0);
  CALL1(__NR_exit_group, 0);
  for (;;) {
  }
}
