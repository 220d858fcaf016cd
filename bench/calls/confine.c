// Confines this process by other security modules.

#define _GNU_SOURCE
#include "calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t HANDLED =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE;

static void allow(int ruleset, int at, const char* path) {
  const struct landlock_path_beneath_attr rule = {
      .allowed_access = HANDLED,
      .parent_fd = openat(at, path, O_PATH | O_CLOEXEC),
  };
  if (rule.parent_fd < 0) die(path);
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    die("landlock_add_rule");
  close(rule.parent_fd);
}

void confine_by_landlock(int count, const char* directory) {
  const struct landlock_ruleset_attr handled = {.handled_access_fs = HANDLED};
  const int ruleset = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0);
  DIR* files = opendir(directory);
  if (ruleset < 0 || files == NULL) die("landlock_create_ruleset");
  allow(ruleset, AT_FDCWD, "/");
  for (struct dirent* entry = readdir(files); entry != NULL && count > 0; entry = readdir(files)) {
    if (entry->d_type != DT_REG) continue;
    allow(ruleset, dirfd(files), entry->d_name);
    count--;
  }
  closedir(files);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("prctl");
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) die("landlock_restrict_self");
  close(ruleset);
}

void confine_by_apparmor(const char* profile) {
  const int fd = open("/proc/self/attr/current", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || dprintf(fd, "changeprofile %s", profile) < 0) die("changeprofile");
  close(fd);
}
