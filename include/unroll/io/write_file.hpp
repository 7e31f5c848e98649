#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if defined(_WIN32)
#include <process.h>

#include <fstream>
#else
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "unroll/core/error.hpp"
#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

[[noreturn]] inline void throw_errno(int number, const std::string& what) {
  if (number == ENOMEM) raise<std::bad_alloc>();
  raise<std::system_error>(number, std::generic_category(), what);
}

/// A path for messages. On Windows path::string() throws for names outside the code page.
inline std::string path_text(const std::filesystem::path& path) {
  const auto utf8 = path.u8string();
  return {utf8.begin(), utf8.end()};
}

/// The path behind its symbolic links; the file there need not exist.
inline std::filesystem::path followed(std::filesystem::path path) {
  std::error_code error;  // opening the file will report it
  for (int links = 0; std::filesystem::is_symlink(path, error); ++links) {
    if (links == 40) throw_errno(ELOOP, path_text(path));
    path = path.parent_path() / std::filesystem::read_symlink(path);
  }
  return path;
}

/// A name in the folder that no other save of this process and no other process uses. It does not contain the target's
/// name, which may be as long as a name can be.
inline std::filesystem::path temporary_in(const std::filesystem::path& folder) {
  static std::atomic<unsigned> count{0};
#if defined(_WIN32)
  const auto process = ::_getpid();
#else
  const auto process = ::getpid();
#endif
  return folder / text(".unroll-", process, "-", count++, ".tmp");
}

#if !defined(_WIN32)

/// An open file; the destructor closes it.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// False, with errno, where not all of it could be written.
inline bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t most = 1 << 30;  // macOS refuses 2 GB
    const ssize_t written = ::write(descriptor, bytes.data(), (std::min)(bytes.size(), most));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Removes the temporary files of writers that were killed. Those of writers at work are locked.
inline void collect_temporaries(const std::filesystem::path& folder) {
  const auto is_temporary = [](std::string_view name) {
    return name.starts_with(".unroll-") && name.ends_with(".tmp") &&
           name.find_first_not_of("0123456789-", 8) == name.size() - 4;
  };
  struct Close {
    void operator()(DIR* entries) const { ::closedir(entries); }
  };
  // No directory_iterator: libstdc++'s ends the program where memory runs out.
  const std::unique_ptr<DIR, Close> entries(::opendir(folder.empty() ? "." : folder.c_str()));
  if (entries == nullptr && errno == ENOMEM) raise<std::bad_alloc>();
  while (const ::dirent* entry = entries == nullptr ? nullptr : ::readdir(entries.get())) {
    if (!is_temporary(entry->d_name)) continue;
    const std::filesystem::path path = folder / entry->d_name;
    const Descriptor left(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (left.get() >= 0 && ::flock(left.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
  }
}

/// Makes and locks a new file in the folder. Returns -1, with errno, where that is impossible. Where a file system has
/// no locks, nothing is ever collected.
inline int open_temporary(const std::filesystem::path& folder, std::filesystem::path& temporary) {
  for (;;) {
    temporary = temporary_in(folder);
    const int opened = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (opened < 0 && errno != EEXIST && errno != EINTR) return -1;
    if (opened < 0) continue;
    while (::flock(opened, LOCK_EX) != 0 && errno == EINTR) continue;
    struct ::stat now;
    if (::fstat(opened, &now) != 0 || now.st_nlink > 0) return opened;
    ::close(opened);  // another save collected it before it was locked
  }
}

/// Syncs the folder, so that its entry lasts. Some file systems cannot do that, and say EINVAL.
inline bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return false;
  return ::fsync(opened.get()) == 0 || errno == EINVAL;
}

/// Puts a new file in the target's place; `name` is for the messages.
inline void replace_file(const std::filesystem::path& target, const std::vector<std::string_view>& parts,
                         const std::string& name) {
  const std::filesystem::path folder = target.parent_path();
  collect_temporaries(folder);
  std::filesystem::path temporary;
  const Descriptor out(open_temporary(folder, temporary));
  if (out.get() < 0) throw_errno(errno, name + ": cannot be saved");
  const auto give_up = [&](const char* why = "") {
    const int number = errno;
    ::unlink(temporary.c_str());
    throw_errno(number, name + ": cannot be saved" + why);
  };
  struct ::stat old;
  if (::stat(target.c_str(), &old) == 0 && ::fchmod(out.get(), old.st_mode & 07777) != 0) give_up();
  for (const std::string_view part : parts)
    if (!write_all(out.get(), part)) give_up();
  if (::fsync(out.get()) != 0) give_up();
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    give_up(errno == EBUSY ? ", it is a mount point, as a file bound into a container is: mount its folder instead"
                           : "");
  if (!sync_folder(folder)) throw_errno(errno, name + ": saved, but its folder cannot be synced");
}

#else

inline void replace_file(const std::filesystem::path& target, const std::vector<std::string_view>& parts,
                         const std::string& name) {
  const std::filesystem::path temporary = temporary_in(target.parent_path());
  try {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    for (const std::string_view part : parts) out.write(part.data(), static_cast<std::streamsize>(part.size()));
    out.close();
    if (!out) throw_errno(EIO, name + ": cannot be saved");
    std::filesystem::rename(temporary, target);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

#endif

}  // namespace detail

/// Writes the parts one after the other as the file `path`, or leaves the old file as it was. A temporary file in the
/// same folder is synced (fsync) and takes the old file's place (rename); then the folder is synced. On Windows nothing
/// is synced. If the program is killed at any moment, the old or the new file is whole. The temporary file may be left
/// over; the next save in the folder removes it, except on Windows.
///
/// A symbolic link keeps pointing where it did, and an old file's permissions stay. Throws std::system_error; the old
/// file is then as it was, unless only the last step failed: then the new file is there, but perhaps not on the disk.
inline void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& parts) {
  namespace fs = std::filesystem;
  const fs::path target = detail::followed(path);
  const std::string name = detail::path_text(path);
  std::error_code error;
  if (const fs::file_status there = fs::status(target, error); fs::exists(there) && !fs::is_regular_file(there))
    detail::throw_errno(EINVAL, name + ": cannot be saved, it is not a regular file");
  detail::replace_file(target, parts, name);
}

}  // namespace unroll::inline UNROLL_TARGET
