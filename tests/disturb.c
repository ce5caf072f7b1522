/* Faults of a disk and of a clock, put under a process by LD_PRELOAD; nothing of mwwkit is changed.

   DISTURB_CALL   write, read, fsync or flock fails ...
   DISTURB_PATH   ... on files whose path has this in it ...
   DISTURB_AFTER  ... after so many such calls went well (0) ...
   DISTURB_ERRNO  ... with this error (5, EIO).
   DISTURB_JUMP_S the calendar's clock jumps by so many seconds, back and forth, every half second;
                  the monotonic one goes on. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static long number(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? atol(text) : otherwise;
}

static int fails(const char *call, int fd) {
  static long seen = 0;
  const char *wanted = getenv("DISTURB_CALL"), *part = getenv("DISTURB_PATH");
  char link[64], path[4096];
  ssize_t n;
  if (!wanted || strcmp(wanted, call) || !part) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  if (!strstr(path, part) || __sync_fetch_and_add(&seen, 1) < number("DISTURB_AFTER", 0)) return 0;
  errno = (int)number("DISTURB_ERRNO", EIO);
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t n) {
  return fails("write", fd) ? -1 : REAL(write)(fd, data, n);
}

ssize_t read(int fd, void *data, size_t n) {
  return fails("read", fd) ? -1 : REAL(read)(fd, data, n);
}

int fsync(int fd) { return fails("fsync", fd) ? -1 : REAL(fsync)(fd); }

int flock(int fd, int operation) {
  static int (*real)(int, int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "flock");
  return fails("flock", fd) ? -1 : real(fd, operation);
}

static long jumped_s(void) {
  struct timespec now;
  long by = number("DISTURB_JUMP_S", 0);
  REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
  return by && (now.tv_nsec < 500000000) ? by : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  int result = REAL(clock_gettime)(clock, at);
  if (clock == CLOCK_REALTIME) at->tv_sec += jumped_s();
  return result;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
