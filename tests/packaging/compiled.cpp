#ifndef UNROLL_COMPILED
#error "unroll::compiled does not say that it is compiled"
#endif
#include "main.cpp"
