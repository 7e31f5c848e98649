// The home of what all tests share: the templates of common.hpp.

#define SHARED template
#include "common.hpp"
