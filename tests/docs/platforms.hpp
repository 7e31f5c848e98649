// What docs/platforms.md takes as given.
#include <cstdio>
#include <cstdlib>
#include <unroll/inference.hpp>
