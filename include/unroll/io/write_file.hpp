#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if defined(_WIN32)
#include <process.h>

#include <fstream>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "unroll/core/error.hpp"

namespace unroll {

namespace detail {

[[noreturn]] inline void throw_errno(int number, const std::string& what) {
  throw std::system_error(number, std::generic_category(), what);
}

/// A name in the target's own folder, which no other save of this process and no other process uses.
inline std::filesystem::path temporary_beside(const std::filesystem::path& target) {
  static std::atomic<unsigned> count{0};
#if defined(_WIN32)
  const auto process = ::_getpid();
#else
  const auto process = ::getpid();
#endif
  std::filesystem::path name = target.filename();
  name += text(".", process, "-", count++, ".tmp");
  return target.parent_path() / name;
}

#if !defined(_WIN32)

/// An open file, closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  /// Closes now; false where the system says that what was written is lost.
  bool close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return ::close(descriptor) == 0 || errno == EINTR;
  }

 private:
  int descriptor_;
};

/// False, with errno, where not all of it could be written.
inline bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Makes the folder's entry last. Some file systems cannot, and say EINVAL.
inline bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return false;
  return ::fsync(opened.get()) == 0 || errno == EINVAL;
}

#endif

}  // namespace detail

/// Writes the parts one after the other as the file `path`, or leaves what was there: a temporary file in the same
/// folder, made lasting (fsync), takes the old file's place (rename), and that is made lasting too. Killed at any
/// moment, the old or the new file is whole; the temporary file may then be left over.
///
/// A symbolic link keeps pointing where it did, an old file's permissions stay. Throws std::system_error, with the old
/// file as it was (but where only the last step failed: then the new one is there, perhaps not yet on the disk).
inline void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& parts) {
  namespace fs = std::filesystem;
  const fs::path target = fs::is_symlink(path) ? fs::weakly_canonical(path) : path;
  const std::string said = path.string() + ": cannot be saved";
  if (fs::exists(target) && !fs::is_regular_file(target))
    throw std::system_error(std::make_error_code(std::errc::invalid_argument), said + ", it is not a regular file");
#if defined(_WIN32)
  const fs::path temporary = detail::temporary_beside(target);
  try {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    for (const std::string_view part : parts) out.write(part.data(), static_cast<std::streamsize>(part.size()));
    out.close();
    if (!out) detail::throw_errno(EIO, said);
    fs::rename(temporary, target);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
#else
  fs::path temporary;
  int opened = -1;
  do {
    temporary = detail::temporary_beside(target);
    opened = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (opened < 0 && (errno == EEXIST || errno == EINTR));
  if (opened < 0) detail::throw_errno(errno, said);
  detail::Descriptor out(opened);
  const auto give_up = [&] {
    const int number = errno;
    ::unlink(temporary.c_str());
    detail::throw_errno(number, said);
  };
  struct ::stat old;
  if (::stat(target.c_str(), &old) == 0 && ::fchmod(out.get(), old.st_mode & 07777) != 0) give_up();
  for (const std::string_view part : parts)
    if (!detail::write_all(out.get(), part)) give_up();
  if (::fsync(out.get()) != 0) give_up();
  if (!out.close()) give_up();
  if (::rename(temporary.c_str(), target.c_str()) != 0) give_up();
  if (!detail::sync_folder(target.parent_path()))
    detail::throw_errno(errno, path.string() + ": saved, but its folder cannot be synced");
#endif
}

}  // namespace unroll
