#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>

/// Opens `folder/name.csv` for writing, the folder made where it is missing. Throws std::runtime_error where it cannot.
inline std::ofstream open_csv(const std::filesystem::path& folder, const std::string& name) {
  std::filesystem::create_directories(folder);
  const auto path = folder / (name + ".csv");
  std::ofstream file(path);
  if (!file) throw std::runtime_error("cannot write " + path.string());
  return file;
}

namespace plot_detail {

/// A path as gnuplot reads it.
inline std::string quoted(const std::filesystem::path& path) {
  std::string text = "'";
  for (const char c : path.generic_string()) text += c == '\'' ? "''" : std::string(1, c);
  return text + "'";
}

/// Whether gnuplot is there and takes these commands; what it prints goes to stdout.
inline bool run_gnuplot(const std::string& commands) {
#ifdef _WIN32
  const char *const is_there = "gnuplot --version > NUL 2>&1", *const run = "gnuplot 2> NUL";
  const auto open = _popen;
  const auto close = _pclose;
#else
  const char *const is_there = "gnuplot --version > /dev/null 2>&1", *const run = "gnuplot 2> /dev/null";
  const auto open = popen;
  const auto close = pclose;
#endif
  if (std::system(is_there) != 0) return false;
  std::FILE* const gnuplot = open(run, "w");
  if (gnuplot == nullptr) return false;
  std::fputs(commands.c_str(), gnuplot);
  return close(gnuplot) == 0;
}

/// Draws data by a script, after what all scripts have in common.
inline std::string commands(const std::filesystem::path& data, const std::filesystem::path& script) {
  const auto style = script.parent_path().parent_path() / "support/style.gp";
  return "data = " + quoted(data) + "\nset datafile separator ','\nload " + quoted(style) + "\nload " + quoted(script) +
         "\n";
}

}  // namespace plot_detail

/// Draws `folder/name.svg` from `folder/name.csv` by a gnuplot script, which finds the two paths in its variables
/// `data` and `picture`; `say` is told what there is, also where gnuplot is not installed.
inline void draw(const std::filesystem::path& folder, const std::string& name, const std::filesystem::path& script,
                 std::ostream& say) {
  using namespace plot_detail;
  const auto data = folder / (name + ".csv"), picture = folder / (name + ".svg");
  const bool drawn = run_gnuplot("picture = " + quoted(picture) + "\n" + commands(data, script));
  say << "The numbers are in " << data.string();
  if (drawn)
    say << ", the picture is " << picture.string() << ".\n";
  else
    say << "; there is no picture: gnuplot is not installed, or it failed.\n";
}

/// Prints the picture in characters on stdout, where gnuplot is installed: the script does so where it finds no
/// `picture`.
inline void draw_text(const std::filesystem::path& data, const std::filesystem::path& script) {
  using namespace plot_detail;
  std::fflush(stdout);
  run_gnuplot(commands(data, script));
}
