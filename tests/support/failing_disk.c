/*
 * A disk that fails now and then, for whatever program this is loaded into
 * first: writes, syncs and truncations of files below one folder end with an
 * error, by chance that a seed decides.
 *
 *   FAIL_BELOW   the folder; with a star at its end, how paths of such files begin
 *   FAIL_SHARE   how many of a million calls fail
 *   FAIL_SEED    which ones
 *   FAIL_ERRNO   with which error: 5 (I/O), 28 (disk full)
 *   FAIL_CALLS   any of w (write), p (pwrite), s (fsync, fdatasync), t (ftruncate)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_ullong calls;

/* splitmix64: the n-th number of a seed's sequence. */
static uint64_t chance(uint64_t seed, uint64_t n) {
  uint64_t z = seed * 0xd1342543de82ef95u + n * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static int is_below(int fd, const char *folder) {
  char link[40], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t prefix = strlen(folder);
  if (prefix > 0 && folder[prefix - 1] == '*') return strncmp(path, folder, prefix - 1) == 0;
  return strncmp(path, folder, prefix) == 0 && path[prefix] == '/';
}

static int fails(char call, int fd) {
  const char *folder = getenv("FAIL_BELOW"), *which = getenv("FAIL_CALLS");
  const char *share = getenv("FAIL_SHARE"), *seed = getenv("FAIL_SEED");
  const char *error = getenv("FAIL_ERRNO");
  if (fd < 3 || !folder || !which || !share || !strchr(which, call)) return 0;
  if (!is_below(fd, folder)) return 0;
  uint64_t n = atomic_fetch_add(&calls, 1);
  if (chance(seed ? strtoull(seed, 0, 10) : 1, n) % 1000000 >= strtoull(share, 0, 10)) return 0;
  errno = error ? atoi(error) : EIO;
  return 1;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *from, size_t size) {
  REAL(write);
  return fails('w', fd) ? -1 : real(fd, from, size);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
  REAL(pwrite);
  return fails('p', fd) ? -1 : real(fd, from, size, at);
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
  REAL(pwrite64);
  return fails('p', fd) ? -1 : real(fd, from, size, at);
}

int fsync(int fd) {
  REAL(fsync);
  return fails('s', fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails('s', fd) ? -1 : real(fd);
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  return fails('t', fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  return fails('t', fd) ? -1 : real(fd, size);
}
