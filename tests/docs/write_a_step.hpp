// Catch2's, which docs/write_a_step.md takes as given where it is only compiled.
#ifndef CHECK
#define CHECK(holds) (void)(holds)
#endif
