// The little that the tests of the core need: named cases, expectations that tell where they failed.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.h"

namespace bpf_lsm::testing {

inline std::vector<std::pair<std::string, std::function<void()>>>& cases() {
  static std::vector<std::pair<std::string, std::function<void()>>> all;
  return all;
}

struct Case {
  Case(std::string name, std::function<void()> body) {
    cases().emplace_back(std::move(name), std::move(body));
  }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::exit(1);
}

inline int run_all() {
  for (const auto& [name, body] : cases()) {
    std::fprintf(stderr, "%s\n", name.c_str());
    body();
  }
  return cases().empty() ? 1 : 0;
}

}  // namespace bpf_lsm::testing

#define EXPECT(condition) \
  if (!(condition)) ::bpf_lsm::testing::fail(__FILE__, __LINE__, "expected: " #condition)

#define EXPECT_ERROR(statement, wanted)                                                                \
  try {                                                                                                \
    statement;                                                                                         \
    ::bpf_lsm::testing::fail(__FILE__, __LINE__, "expected an error of: " #statement);                 \
  } catch (const ::bpf_lsm::Error& error) {                                                            \
    if (error.code() != (wanted)) ::bpf_lsm::testing::fail(__FILE__, __LINE__, "got " + error.code()); \
  }
