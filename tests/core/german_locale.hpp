#pragma once

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <string>

/// While it lives this program writes 1.234,5: its C++ locale always, its C locale where de_DE is to be had (the build
/// makes it where localedef can).
class GermanLocale {
 public:
  GermanLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new Numbers))) {
#if !defined(_WIN32)
    setenv("LOCPATH", UNROLL_TEST_LOCALES, 1);
#endif
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "de-DE"})
      if (std::setlocale(LC_ALL, name) != nullptr) break;
    char text[8];
    std::snprintf(text, sizeof text, "%.1f", 0.5);
    if (text != std::string("0,5")) std::fputs("no C locale has a decimal comma: only C++'s was tried\n", stderr);
  }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;
  ~GermanLocale() {
    std::setlocale(LC_ALL, "C");
    std::locale::global(before_);
  }

 private:
  struct Numbers : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };

  std::locale before_;
};
