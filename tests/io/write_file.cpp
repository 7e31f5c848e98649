#include "unroll/io/write_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <chrono>

#include "catch.hpp"
#include "io/files.hpp"
#include "unroll/core/random.hpp"

using unroll::write_file;

namespace {

/// What the system is asked for in a test, in order: "fsync file", "rename", "fsync folder". It says no where a test
/// wants.
std::vector<std::string> calls;
std::string refused_call;
int refusal = 0;

bool refuses(const std::string& call) {
  calls.push_back(call);
  if (call == refused_call) errno = refusal;
  return call == refused_call;
}

}  // namespace

// In place of the C library's.
extern "C" int fsync(int descriptor) {
  struct stat status;
  fstat(descriptor, &status);
  return refuses(S_ISDIR(status.st_mode) ? "fsync folder" : "fsync file") ? -1 : int(syscall(SYS_fsync, descriptor));
}
extern "C" int rename(const char* from, const char* to) noexcept {
  return refuses("rename") ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

namespace {

/// While it lives no file of this process may grow beyond `bytes`: the system refuses as a full disk does.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit old_;
};

int mode(const std::filesystem::path& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : -1;
}

}  // namespace

TEST_CASE("a file is written whole, in place of the old one", "[write_file]") {
  const Folder folder("write");
  write_file(folder / "a", {"one ", "", "two"});
  CHECK(read_bytes(folder / "a") == "one two");
  write_file(folder / "a", {"3"});
  CHECK(read_bytes(folder / "a") == "3");
  write_file(folder / "a", {});
  CHECK(read_bytes(folder / "a").empty());
  CHECK(folder.count() == 1);  // no temporary file stays
}

TEST_CASE("a file of the current folder is written too", "[write_file]") {
  const Folder folder("here");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file("a", {"here"});
  std::filesystem::current_path(before);
  CHECK(read_bytes(folder / "a") == "here");
}

TEST_CASE("permissions and links stay", "[write_file]") {
  const Folder folder("modes");
  write_bytes(folder / "a", "old");
  chmod((folder / "a").c_str(), 0640);
  std::filesystem::create_symlink("a", folder / "link");
  write_file(folder / "link", {"new"});
  CHECK(read_bytes(folder / "a") == "new");
  CHECK(mode(folder / "a") == 0640);
  CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("a link whose file is not there yet keeps pointing", "[write_file]") {
  const Folder folder("dangling");
  std::filesystem::create_directory(folder / "versions");
  std::filesystem::create_symlink("versions/1", folder / "model");
  std::filesystem::create_symlink(folder / "model", folder / "newest");
  write_file(folder / "newest", {"one"});
  CHECK(std::filesystem::is_symlink(folder / "newest"));
  CHECK(std::filesystem::is_symlink(folder / "model"));
  CHECK(read_bytes(folder / "versions" / "1") == "one");
  std::filesystem::create_symlink("round", folder / "round");
  CHECK_THROWS_AS(write_file(folder / "round", {"x"}), std::system_error);
}

TEST_CASE("what only has the name of a temporary file is no leftover", "[write_file]") {
  const Folder folder("names");
  const std::filesystem::path link = folder / ".unroll-1-1.tmp", pipe = folder / ".unroll-1-2.tmp";
  write_bytes(folder / "a", "old");
  std::filesystem::create_symlink("a", link);
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  write_file(folder / "b", {"new"});  // nobody writes into the pipe: opened to be read it would wait
  CHECK(std::filesystem::is_symlink(link));
}

TEST_CASE("a name may be as long as the system takes it", "[write_file]") {
  const Folder folder("long");
  for (const std::size_t size : {238u, 244u, 255u}) {
    const std::string name(size, 'm');
    for (const char* content : {"old", "new"}) write_file(folder / name, {content});
    CHECK(read_bytes(folder / name) == "new");
  }
  CHECK_THROWS_WITH(write_file(folder / std::string(256, 'm'), {"x"}),
                    contains_text("cannot be saved: File name too long"));
  CHECK(folder.count() == 3);
}

TEST_CASE("what is written lasts before it takes the old file's place, and that lasts too", "[write_file]") {
  const Folder folder("lasting");
  write_file(folder / "a", {"old"});
  calls.clear();
  write_file(folder / "a", {"new"});
  CHECK(calls == std::vector<std::string>{"fsync file", "rename", "fsync folder"});

  const auto refuse = [&](const std::string& call, int number, const std::string& why) {
    refused_call = call;
    refusal = number;
    CHECK_THROWS_WITH(write_file(folder / "a", {"newer"}), contains_text(why));
    refused_call.clear();
    CHECK(folder.count() == 1);
  };
  refuse("fsync file", EIO, "a: cannot be saved: Input/output error");
  refuse("rename", EBUSY, "a: cannot be saved, it is a mount point");
  CHECK(read_bytes(folder / "a") == "new");
  refuse("fsync folder", EIO, "a: saved, but its folder cannot be synced: Input/output error");
  CHECK(read_bytes(folder / "a") == "newer");
  refused_call = "fsync folder";
  refusal = EINVAL;  // of a file system that cannot
  CHECK_NOTHROW(write_file(folder / "a", {"newest"}));
  refused_call.clear();
}

TEST_CASE("a save removes what killed writers left, and nothing else", "[write_file]") {
  const Folder folder("left");
  for (const char* name : {".unroll-1-0.tmp", ".unroll-99999999-12.tmp", ".unroll-2-0.tmp", ".unroll-backup.tmp",
                           "unroll-1-0.tmp", ".unroll-1-0.tmp.gz"})
    write_bytes(folder / name, "left");
  const unroll::detail::Descriptor at_work(open((folder / ".unroll-2-0.tmp").c_str(), O_WRONLY));
  REQUIRE(flock(at_work.get(), LOCK_EX) == 0);
  write_file(folder / "a", {"x"});
  CHECK_FALSE(std::filesystem::exists(folder / ".unroll-1-0.tmp"));
  CHECK_FALSE(std::filesystem::exists(folder / ".unroll-99999999-12.tmp"));
  CHECK(folder.count() == 5);
}

TEST_CASE("saves side by side in one folder do not disturb each other", "[write_file]") {
  const Folder folder("side_by_side");
  const std::string contents[] = {std::string(3000, 'a'), std::string(2000, 'b')};
  std::vector<pid_t> children;
  for (const std::string& content : contents) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    int failures = 0;
    for (int k = 0; k < 200; ++k) try {
        write_file(folder / "file", {content});
      } catch (...) {
        ++failures;
      }
    _exit(failures > 0);
  }
  for (const pid_t child : children) {
    int status = 1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const std::string found = read_bytes(folder / "file");
  CHECK((found == contents[0] || found == contents[1]));
  CHECK(folder.count() == 1);
}

TEST_CASE("a file that cannot be written says why, and the old one stays", "[write_file]") {
  const Folder folder("refused");
  CHECK_THROWS_WITH(write_file(folder / "none" / "a", {"x"}),
                    contains_text("none/a: cannot be saved: No such file or directory"));
  CHECK_THROWS_WITH(write_file(folder.path(), {"x"}), contains_text("not a regular file"));
  CHECK_THROWS_WITH(write_file("/dev/null", {"x"}),
                    contains_text("/dev/null: cannot be saved, it is not a regular file"));

  write_file(folder / "a", {"old"});
  {
    const FileLimit limit(1000);
    const std::string large(5000, 'x');
    CHECK_THROWS_AS(write_file(folder / "a", {"begin", large}), std::system_error);
    CHECK_THROWS_WITH(write_file(folder / "a", {"begin", large}), contains_text("a: cannot be saved: File too large"));
  }
  CHECK(read_bytes(folder / "a") == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("a full disk is an error", "[write_file]") {
  const unroll::detail::Descriptor full(open("/dev/full", O_WRONLY));
  if (full.get() < 0) return;  // Linux has it
  CHECK_FALSE(unroll::detail::write_all(full.get(), "x"));
  CHECK(errno == ENOSPC);
}

TEST_CASE("killed at any of 1,000 moments, the old or the new file is whole", "[write_file]") {
  const Folder folder("killed");
  const std::string contents[] = {std::string(60'000, 'a'), std::string(90'000, 'b')};
  const auto path = folder / "file";
  const auto now = [] { return std::chrono::steady_clock::now(); };
  write_file(path, {contents[0]});

  // Around the moment of the change, which is searched for: later after an old file, earlier after a new one.
  double moment = 1e6;  // ns after the fork
  unroll::Random random(3);
  int current = 0, replaced = 0, left_over = 0;
  for (int kill_number = 0; kill_number < 1000; ++kill_number) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const std::string& content = contents[1 - current];
      try {
        write_file(path, {std::string_view(content).substr(0, 100), std::string_view(content).substr(100)});
      } catch (...) {
        _exit(1);
      }
      while (true) pause();
    }
    const auto end = now() + std::chrono::nanoseconds(static_cast<std::int64_t>(moment * (0.5 + random.uniform())));
    while (now() < end) usleep(20);
    REQUIRE(kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    const std::string found = read_bytes(path);
    const bool is_new = found == contents[1 - current];
    REQUIRE((is_new || found == contents[current]));
    if (is_new) current = 1 - current;
    moment *= is_new ? 0.97 : 1.03;
    replaced += is_new;
    REQUIRE(folder.count() <= 2);  // each save removed what the one before had left
    left_over += folder.count() == 2;
  }
  write_file(path, {});
  CHECK(folder.count() == 1);
  // The kills came before, in the midst and after.
  INFO(replaced << " replaced, " << left_over << " temporary files left over");
  CHECK(replaced > 100);
  CHECK(replaced < 900);
  CHECK(left_over > 10);
}
