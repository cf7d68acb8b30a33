/* What launcher, keepers and the first processes of jails say to one another. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int send_with(int to, const void *data, size_t size, const int *fds, int count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(5 * sizeof(int))];
  } control = {0};
  struct iovec part = {(void *)data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control.room;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
  }
  for (;;) {
    ssize_t sent = sendmsg(to, &message, MSG_NOSIGNAL);
    if (sent == (ssize_t)size) return 0;
    if (sent >= 0 || errno != EINTR) return -1;
  }
}

int receive_with(int from, void *data, size_t size, int *fds, int room) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(5 * sizeof(int))];
  } control;
  struct iovec part = {data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (room > 0) message.msg_control = control.room, message.msg_controllen = sizeof control.room;
  ssize_t got;
  do got = recvmsg(from, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)size) return -1;
  struct cmsghdr *header = room > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (!header || header->cmsg_type != SCM_RIGHTS) return 0;
  int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(fds, CMSG_DATA(header), (size_t)(count < room ? count : room) * sizeof(int));
  return count;
}

int make_pair(int pair[2]) {
  int low[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low)) return fails("socketpair");
  for (int i = 0; i < 2; i++) pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST_FD + 10);
  close(low[0]), close(low[1]);
  return pair[0] < 0 || pair[1] < 0 ? fails("socketpair") : 0;
}
