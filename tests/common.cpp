// The home of what all tests share: the templates of common.hpp.
#define UNROLL_COMPILING
#include "common.hpp"
