// Memory of the buffers. That it may run out at any place is tested in io/out_of_memory.cpp.

#include "unroll/core/memory.hpp"

#include <fstream>
#include <sstream>
#include <string>

using namespace unroll;

namespace {

/// What Linux says of the mapping at an address: the line of /proc/self/smaps that begins so; empty where there is
/// none.
std::string mapping_line(const void* address, const std::string& begin) {
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    std::uintptr_t first = 0, end = 0;
    char dash = 0;
    if (std::istringstream(line) >> std::hex >> first >> dash >> end && dash == '-')
      inside = first <= reinterpret_cast<std::uintptr_t>(address) && reinterpret_cast<std::uintptr_t>(address) < end;
    else if (inside && line.starts_with(begin))
      return line;
  }
  return {};
}

}  // namespace

TEST_CASE("large buffers lie in huge pages, if the system has any") {
  Matrix<float> large, brief;
  detail::resize(large, 1024, 4096);
  detail::resize(brief, 16, 16);
  large.setOnes();
  CHECK(large.sum() == 1024.f * 4096.f);
  const std::string flags = mapping_line(large.data() + large.size() / 2, "VmFlags:");
  if (flags.empty() || !std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled")) return;
  CAPTURE(flags);
  CHECK(flags.find(" hg") != std::string::npos);
  CHECK(mapping_line(brief.data(), "VmFlags:").find(" hg") == std::string::npos);
}

TEST_CASE("a buffer keeps its memory where the size stays, and is empty where memory ran out") {
  Matrix<double> buffer;
  detail::resize(buffer, 6, 4);
  const double* memory = buffer.data();
  detail::resize(buffer, 3, 8);
  CHECK(buffer.data() == memory);
  CHECK(buffer.rows() == 3);
  CHECK_THROWS_AS(detail::resize(buffer, Index(1) << 31, Index(1) << 31), std::bad_alloc);
  CHECK(buffer.size() == 0);
  detail::resize_to_zeros(buffer, 2, 2);
  CHECK(buffer == Matrix<double>::Zero(2, 2));
}

TEST_CASE("arrays overlap where they share a number") {
  Matrix<float> all = Matrix<float>::Zero(4, 6);
  const Matrix<float> other = all, none;
  CHECK(detail::overlap(all, all.leftCols(1)));
  CHECK(detail::overlap(all.middleCols(1, 2), all.middleCols(2, 3)));
  CHECK_FALSE(detail::overlap(all.leftCols(3), all.rightCols(3)));
  CHECK_FALSE(detail::overlap(all, other));
  CHECK_FALSE(detail::overlap(all, none));
}
