#pragma once

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "unroll/core/error.hpp"
#include "unroll/core/target.hpp"
#include "unroll/training/history.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Writes csv_of(history) to a file. Throws std::system_error where it cannot be written.
inline void write_csv(const History& history, const std::string& path) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << csv_of(history) << std::flush;
  if (!file)
    detail::raise<std::system_error>(
        errno != 0 ? std::error_code(errno, std::generic_category()) : std::make_error_code(std::errc::io_error),
        "write_csv: cannot write " + path);
}

}  // namespace unroll::inline UNROLL_TARGET
