#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

/// What main returns: reads the options and calls `run`. Bad options, and whatever `run` throws, become one line on
/// stderr and 2.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, Run run) {
  try {
    app.parse(argc, argv);
    run();
    return 0;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << '\n';
    return 2;
  }
}
