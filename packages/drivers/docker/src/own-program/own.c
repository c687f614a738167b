/*
 * own GROUP PATH...
 *
 * Gives each path, and all that is below it, to a group that may read and write it: what has the
 * group's number and a set-group-id folder at its top is left as it is. Links are not followed. The
 * top of a path comes last, so that a run that was cut off is done again. Freestanding: no C library,
 * so that it runs in an image without any file but itself. See build.sh.
 */

typedef unsigned int u32;
typedef unsigned long u64;

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define O_NOFOLLOW_AMD64 0400000
#define O_DIRECTORY_AMD64 0200000
#define O_NOFOLLOW_ARM64 0100000
#define O_DIRECTORY_ARM64 040000
#define O_CLOEXEC 02000000

#if defined(__x86_64__)
enum { SYS_write = 1, SYS_close = 3, SYS_exit = 60, SYS_getdents64 = 217, SYS_openat = 257, SYS_fchownat = 260, SYS_newfstatat = 262, SYS_fchmodat = 268 };
#define O_FOLDER (O_DIRECTORY_AMD64 | O_NOFOLLOW_AMD64 | O_CLOEXEC)

static long sys(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call begin\n");

struct stat { u64 dev, ino, nlink; u32 mode, uid, gid, pad; u64 rest[16]; };
#elif defined(__aarch64__)
enum { SYS_openat = 56, SYS_close = 57, SYS_getdents64 = 61, SYS_write = 64, SYS_newfstatat = 79, SYS_fchmodat = 53, SYS_fchownat = 54, SYS_exit = 93 };
#define O_FOLDER (O_DIRECTORY_ARM64 | O_NOFOLLOW_ARM64 | O_CLOEXEC)

static long sys(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl begin\n");

struct stat { u64 dev, ino; u32 mode, nlink, uid, gid; u64 rest[16]; };
#endif

struct entry { u64 ino, next; unsigned short size; unsigned char type; char name[]; };

#define KIND 0170000
#define LINK 0120000
#define FOLDER 0040000
#define SET_GROUP 02000

static void say(const char *text) {
  u64 length = 0;
  while (text[length] != 0) length++;
  sys(SYS_write, 2, (long)text, (long)length, 0, 0);
}

static int failed(const char *what, const char *name, long error) {
  char digits[8];
  int at = 7;
  digits[at] = 0;
  for (error = -error; at > 0 && (error > 0 || at == 7); error /= 10) digits[--at] = (char)('0' + error % 10);
  say("can't ");
  say(what);
  say(" ");
  say(name);
  say(": error ");
  say(digits + at);
  say("\n");
  return 1;
}

static int give(int folder, const char *name, u32 group, int top);

static int give_below(int folder, const char *name, u32 group) {
  char buffer[2048] __attribute__((aligned(8)));
  long fd = sys(SYS_openat, folder, (long)name, O_FOLDER, 0, 0);
  if (fd < 0) return failed("open", name, fd);
  int result = 0;
  long size;
  while ((size = sys(SYS_getdents64, fd, (long)buffer, sizeof buffer, 0, 0)) > 0) {
    for (long at = 0; at < size;) {
      struct entry *entry = (struct entry *)(buffer + at);
      const char *below = entry->name;
      at += entry->size;
      if (below[0] == '.' && (below[1] == 0 || (below[1] == '.' && below[2] == 0))) continue;
      result |= give((int)fd, below, group, 0);
    }
  }
  if (size < 0) result = failed("read", name, size);
  sys(SYS_close, fd, 0, 0, 0, 0);
  return result;
}

static int give(int folder, const char *name, u32 group, int top) {
  struct stat is;
  long error = sys(SYS_newfstatat, folder, (long)name, (long)&is, AT_SYMLINK_NOFOLLOW, 0);
  /* Removed meanwhile by another container that uses the volume. */
  if (error == -2 && !top) return 0;
  if (error < 0) return failed("look at", name, error);
  int is_folder = (is.mode & KIND) == FOLDER;
  if (top && is.gid == group && (is.mode & SET_GROUP)) return 0;
  if (is_folder && give_below(folder, name, group) != 0) return 1;
  error = sys(SYS_fchownat, folder, (long)name, -1, (long)group, AT_SYMLINK_NOFOLLOW);
  if (error < 0) return failed("give", name, error);
  if ((is.mode & KIND) == LINK) return 0;
  u32 mode = (is.mode & 07777) | 0660 | (is_folder ? SET_GROUP | 0110 : 0);
  error = sys(SYS_fchmodat, folder, (long)name, mode, 0, 0);
  if (error < 0) return failed("change the mode of", name, error);
  return 0;
}

__attribute__((used, noreturn)) void begin(long *stack) {
  long count = stack[0];
  char **words = (char **)(stack + 1);
  int result = count < 3;
  u32 group = 0;
  for (const char *digit = count > 1 ? words[1] : ""; *digit != 0; digit++) group = group * 10 + (u32)(*digit - '0');
  for (long word = 2; word < count; word++) result |= give(AT_FDCWD, words[word], group, 1);
  for (;;) sys(SYS_exit, result, 0, 0, 0, 0);
}
