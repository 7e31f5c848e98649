#include "unroll/io/write_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>

#include "catch.hpp"
#include "io/files.hpp"
#include "unroll/core/random.hpp"

using unroll::write_file;

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
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path() == path) continue;
      ++left_over;
      std::filesystem::remove(entry.path());
    }
  }
  // The kills came before, in the midst and after.
  INFO(replaced << " replaced, " << left_over << " temporary files left over");
  CHECK(replaced > 100);
  CHECK(replaced < 900);
  CHECK(left_over > 10);
}
