// Names that other people's headers take for macros: what our headers include is included before them, and ours after.
#include <complex.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
#if __has_include(<nlohmann/json.hpp>)
#include <nlohmann/json.hpp>
#endif
#if __has_include(<unistd.h>)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

// complex.h in GNU mode, where it is not C++'s own
#undef I
#define I no_name
// windows.h
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define near
#define far
#define hyper no_name
#define pascal
#define cdecl
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define DELETE 0x10000
#define ERROR 0
#define NO_ERROR 0
#define STRICT 1
// X11
#define Bool int
#define Status int
#define None 0
#define Always 2
#define True 1
#define False 0
#define Success 0
// Qt
#define slots
#define signals public
#define emit
#define foreach no_name
#define forever no_name
// GNU mode, and glibc's sys/sysmacros.h
#define linux 1
#define unix 1
#define major(dev) no_name
#define minor(dev) no_name

#include "unroll/unroll.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "unroll/io/checkpoints.hpp"
#include "unroll/io/export_header.hpp"
#include "unroll/io/pytorch.hpp"
#include "unroll/io/save.hpp"
#endif
#include "unroll/testing/allocations.hpp"
#include "unroll/testing/cell_contract.hpp"
#include "unroll/testing/gradient_check.hpp"
#include "unroll/testing/layer_contract.hpp"
#include "unroll/testing/optimizer_contract.hpp"

int main() {}
