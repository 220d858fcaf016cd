#include "../core/discard.h"

#include <fcntl.h>
#include <poll.h>

#include <array>

#include "expect.h"

using bpf_lsm::discard;
using bpf_lsm::discarding;
using bpf_lsm::UniqueFd;
using bpf_lsm::testing::Case;

namespace {

constexpr uid_t kSender = 65534;

const Case closed("what is discarded is closed, and the account is even in the end", [] {
  std::array<int, 2> ends{};
  EXPECT(pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd reading(ends[0]);
  std::vector<UniqueFd> writing;
  writing.emplace_back(ends[1]);
  writing.push_back(UniqueFd::duplicate(ends[1]));
  discard(std::move(writing), kSender);
  // Hangs up when the last descriptor of the writing end is closed.
  pollfd waiting{.fd = reading.get(), .events = POLLIN, .revents = 0};
  EXPECT(poll(&waiting, 1, -1) == 1);
  EXPECT((waiting.revents & POLLHUP) != 0);
  while (discarding(kSender) > 0) poll(nullptr, 0, 1);
});

const Case gone("what is discarded is out of the table at once, before anybody can be given it", [] {
  for (int round = 0; round < 200; round++) {
    std::array<int, 2> ends{};
    EXPECT(pipe2(ends.data(), O_CLOEXEC) == 0);
    std::vector<UniqueFd> both;
    both.emplace_back(ends[0]);
    both.emplace_back(ends[1]);
    discard(std::move(both), kSender);
    for (const int end : ends) EXPECT(fcntl(end, F_GETFD) == -1);
  }
  while (discarding(kSender) > 0) poll(nullptr, 0, 1);
});

const Case nothing("nothing to discard takes no thread", [] {
  discard({}, kSender);
  EXPECT(discarding(kSender) == 0);
});

}  // namespace

int main() {
  return bpf_lsm::testing::run_all();
}
